# A harvest as the task definition has it run: nothing to write but /tmp, no capability, user 65532, port 80.
# Run in namespaces of its own for mounts, network and processes: unshare -mnpf --mount-proc bash read_only.sh DENO DENO_DIR SOURCE
. "$(dirname "$0")/sealed_root.sh"
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
cat > /tmp/harvest.sh <<'INNER'
cd /tmp
mkdir deno && ln -s /mnt/cache/npm deno/npm
export HOME=/tmp DENO_DIR=/tmp/deno TWARC_CLOUD_HOST=0.0.0.0 TWITTER_API_URL=http://127.0.0.1:8099/
run=(/mnt/deno run --quiet --cached-only --no-check -A --config /mnt/source/deno.json /mnt/source/main.ts)
until_said() { for _ in $(seq 100); do grep -q "$1" "$2" && return; sleep 0.1; done; cat "$2"; exit 1; }
touch /usr/x 2> /dev/null && echo "The root is not read-only" && exit 1
"${run[@]}" sandbox --port 8099 > sandbox.txt 2>&1 & sandbox=$!
until_said 8099 sandbox.txt
mkdir bucket
echo '{"id":"find","type":"search","api":"2","search":{"query":"sandbox"},"keys":{"bearer_token":"sandbox-bearer-token"}}' > collection.json
"${run[@]}" collection add --bucket /tmp/bucket > added.txt 2>&1
"${run[@]}" harvest run --bucket /tmp/bucket --port 80 find > harvest.txt 2>&1 & harvest=$!
until_said Harvested harvest.txt
exec 3<> /dev/tcp/127.0.0.1/80
printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
head -1 <&3
kill -TERM "$harvest"
wait "$harvest" && echo "ended with 0"
kill -TERM "$sandbox"
wait "$sandbox" || true
grep CapEff /proc/self/status
INNER
setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs bash /tmp/harvest.sh
