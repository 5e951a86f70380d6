.PHONY: serve test test-all bench lint docs pictures

serve:
	@bin/serve

test:
	@bin/test

test-all:
	@bin/test --all

bench:
	@bin/bench

lint:
	@bin/setup --dev
	@bin/lint

docs:
	@bin/docs

pictures:
	@bin/pictures
