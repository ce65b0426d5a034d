# Makes the root read-only but for /tmp, with Deno, its cache and the source below /mnt: sealed_root.sh DENO DENO_DIR SOURCE.
# To be sourced, in namespaces of its own for mounts and network.
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/cache /mnt/source
touch /mnt/deno
mount --bind "$2" /mnt/cache
mount --bind "$1" /mnt/deno
mount --bind "$3" /mnt/source
mount -t tmpfs -o mode=1777 tmpfs /tmp
for place in /mnt/cache /mnt/source /mnt /; do mount -o remount,ro,bind "$place"; done
ip link set lo up
