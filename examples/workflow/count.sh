#!/bin/sh
# One text in; how many words it has out, under the same name in the same folder.
set -eu
part="${STORAGE_OBJECT_KEY%.txt}"
mkdir -p "$TMP_OUTPUT_DIR/$(dirname "$part")"
printf '{"words": %d}\n' "$(wc -w <"$INPUT_FILE_PATH")" >"$TMP_OUTPUT_DIR/$part.json"
