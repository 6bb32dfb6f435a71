#!/usr/bin/env bash
# A stand-in for AWS's base image, for a machine that reaches no image registry:
#
#     local/sam_invoke/stand_in_image.sh lambda-stand-in && make sam-invoke LAMBDA_IMAGE=lambda-stand-in
#
# It is made of this machine's Python, this machine's C library and the runtime client of .lambda/. It shows packaging,
# handlers, events and time limits in a real container; not Amazon Linux, and not what else AWS's image holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:?the name of the image}
image=$(mktemp -d); trap 'rm -rf "$image"' EXIT
chmod 755 "$image"
prefix=$(.venv/bin/python -c 'import sys; print(sys.base_prefix)')
mkdir -p "$image"/{bin,etc/ssl/certs,lib64,opt,tmp,var/task,var/runtime,var/rapid} "$image$prefix/lib"
chmod 1777 "$image/tmp"
echo 'root:x:0:0:root:/root:/bin/sh' >"$image/etc/passwd"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
cp -a "$prefix/bin" "$image$prefix/"
cp -a "$prefix"/lib/libpython3* "$image$prefix/lib/" 2>/dev/null || true
tar -C "$prefix/lib" --exclude=site-packages --exclude=test --exclude=__pycache__ -cf - python3.13 | tar -C "$image$prefix/lib" -xf -
cp -R .lambda/runtime/. "$image/var/runtime"
programs=(/bin/dash /bin/mv /bin/chmod /bin/cp /bin/rm /bin/cat /bin/ls /bin/mkdir)
cp -L "${programs[@]}" "$image/bin/"; ln -s dash "$image/bin/sh"
# Every library of the system that a program, Python or a wheel of the layer is linked with, and those for host names.
{ printf '%s\0' "${programs[@]}" "$prefix/bin/python3.13"; find "$prefix/lib/python3.13/lib-dynload" .lambda/ -name '*.so*' -print0; } |
  xargs -0 -n1 ldd 2>/dev/null | grep -oE '/[^ ]*/lib[^ ]+|/lib64/[^ ]+' | grep -v -e "^$prefix" -e "$PWD" | sort -u >"$image/tmp/libraries"
ldconfig -p | awk '/libnss_(dns|files)\.so\.2/ {print $NF}' >>"$image/tmp/libraries"
while read -r library; do mkdir -p "$image$(dirname "$library")"; cp -L "$library" "$image$library"; done <"$image/tmp/libraries"
rm "$image/tmp/libraries"
cat >"$image/var/runtime/bootstrap" <<EOF
#!/bin/sh
export PYTHONPATH=/opt/python:/var/runtime
exec $prefix/bin/python3.13 -m awslambdaric "\$_HANDLER"
EOF
chmod 755 "$image/var/runtime/bootstrap"
tar -C "$image" -cf - . | docker import -c "WORKDIR /var/task" \
  -c "ENV PATH=$prefix/bin:/bin LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime LANG=C.UTF-8" - "$tag"
