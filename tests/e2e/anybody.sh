# The program with the permissions that it is shipped with, as a user whom the machine does not know (OpenShift and others pick
# a number), without HOME and with HOME=/, where nothing can be written but /tmp.
# Run in namespaces of its own: unshare -mnpf --mount-proc bash anybody.sh DENO DENO_DIR SOURCE "PERMISSIONS"
# Prints a line for each command: its exit code, HOME, the command, and the first line of what went wrong.
. "$(dirname "$0")/sealed_root.sh"
cat > /tmp/commands.sh <<INNER
permissions="$4"
INNER
cat >> /tmp/commands.sh <<'INNER'
unset HOME
export DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 TWITTER_API_URL=http://127.0.0.1:8099/
program=(/mnt/deno run --quiet --cached-only --no-check --no-prompt $permissions --config /mnt/source/deno.json /mnt/source/main.ts)
touch /usr/x 2> /dev/null && echo "The root is not read-only" && exit 1
# What is compiled is kept between the commands, beside what was downloaded.
mkdir /tmp/deno && ln -s /mnt/cache/npm /tmp/deno/npm
mkdir /tmp/place && cd /tmp/place
"${program[@]}" sandbox --port 8099 > sandbox.txt 2>&1 & sandbox=$!
for _ in $(seq 100); do grep -q 8099 sandbox.txt && break; sleep 0.1; done
ran() {
  "${program[@]}" "$@" > out.txt 2> err.txt && code=0 || code=$?
  echo "$code ${HOME-none} $* | $(head -1 err.txt)"
}
for home in none /; do
  [ "$home" = / ] && export HOME=/
  id="find-$([ "$home" = / ] && echo root || echo none)"
  echo "{\"id\":\"$id\",\"type\":\"search\",\"api\":\"2\",\"search\":{\"query\":\"sandbox\"},\"keys\":{\"bearer_token\":\"sandbox-bearer-token\"}}" > $id.json; rm -f collection.json
  [ "$home" = / ] && COMMANDS=$COMMANDS_OF_ROOT
  while read -r -a command; do ran "${command[@]//ID/$id}"; done <<COMMANDS
$COMMANDS
COMMANDS
done
kill -TERM "$sandbox"
wait "$sandbox" || true
INNER
setpriv --reuid 12345 --regid 0 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs bash /tmp/commands.sh
