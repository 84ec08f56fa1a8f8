#!/bin/sh
# Print the Python to use. It is run, not only found: a name on the path may be an empty shim.
for python in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$python"
        exit 0
    fi
done
echo "Python 3.11 or newer is needed, and none was found: install one, or name it: make PYTHON=/path/to/python3" >&2
exit 1
