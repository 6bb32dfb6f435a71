# How `sam build` builds: Metadata of each function and layer in template.yaml names the folder building/ARCHITECTURE,
# whose Makefile includes this one. The current folder is SAM's copy of the function's or the layer's folder.
PYTHON ?= python3.13
BUILD = PYTHONPATH=.build PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -s -m building

# The package of a layer is the folder that it is built from: shared/ is SharedLayer.
build-%Layer:
	@$(BUILD) layer --architecture $(ARCHITECTURE) --requirements requirements.txt --into "$(ARTIFACTS_DIR)" \
	  "$$(echo $* | tr A-Z a-z)"

build-%:
	@$(BUILD) function --into "$(ARTIFACTS_DIR)" functions
