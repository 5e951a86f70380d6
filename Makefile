.PHONY: serve test test-all drill bench lint docs pictures

serve:
	@bin/serve

test:
	@bin/test

test-all:
	@bin/test --all

drill:
	@bin/drill

bench:
	@bin/bench

lint:
	@bin/setup --dev
	@bin/lint

docs:
	@bin/docs

pictures:
	@bin/pictures
