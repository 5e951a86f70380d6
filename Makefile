.PHONY: serve test test-all lint docs pictures

serve:
	@bin/serve

test:
	@bin/test

test-all:
	@bin/test --all

lint:
	@bin/setup --dev
	@bin/lint

docs:
	@bin/docs

pictures:
	@bin/pictures
