#!/bin/bash
# One photograph in; the five most likely species out, as JSON under the photograph's name.
OUTPUT_FILE="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").json"
echo "classifying $INPUT_FILE_PATH"
python2 "$SPILLWAY_FILES_DIR/predict.py" "$INPUT_FILE_PATH" -o "$OUTPUT_FILE"
