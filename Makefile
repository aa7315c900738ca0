install:
	$(MAKE) -C extension install
