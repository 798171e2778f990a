#!/bin/sh
# A tour of the HTTP port with curl, against a running node: sh http-tour.sh http://127.0.0.1:7880
# It writes into a namespace of its own, prints what it does, and ends with 1 where an answer is another one than it
# should be. HttpTourTest runs it; it is also what to copy from.
set -eu
node=${1:-http://127.0.0.1:7880}
ns=tour-$$

say() { printf '\n# %s\n' "$*"; }
should() { # WHAT WANTED HAD
  if [ "$2" != "$3" ]; then printf 'FAILED: %s\n  wanted %s\n  had    %s\n' "$1" "$2" "$3"; exit 1; fi
  printf '%s\n' "$3"
}
curl() { command curl --silent --show-error --max-time 30 "$@"; }
header() { # NAME: of the answer whose headers are on standard input
  tr -d '\r' | sed -n "s/^$1: //Ip"
}
json='Content-Type: application/json'

say 'write a document'
curl -X PUT -H "$json" --data '{"name":"Alice"}' "$node/v1/kv/$ns/alice" >/dev/null
should 'a document is read as it was written' '{"name":"Alice"}' "$(curl "$node/v1/kv/$ns/alice")"

say 'change it, only if nobody else did meanwhile'
etag=$(curl --head "$node/v1/kv/$ns/alice" | header ETag)
curl -X PUT -H "$json" -H "If-Match: $etag" --data '{"name":"Alice","age":30}' \
  "$node/v1/kv/$ns/alice?note=her+birthday" >/dev/null
status=$(curl -o /dev/null -w '%{http_code}' -X PUT -H "$json" -H "If-Match: $etag" --data '{}' "$node/v1/kv/$ns/alice")
should 'the second one is told so' 412 "$status"

say 'look back'
should 'one step back' '{"name":"Alice"}' "$(curl "$node/v1/kv/$ns/alice?at=-1")"
should 'what changed' '{"changes":[{"path":"/age","op":"add","old":null,"new":30}]}' "$(curl "$node/v1/diff/$ns/alice")"

say 'two writes that did not know of each other, and one that knows both'
base=$(curl --head "$node/v1/kv/$ns/alice" | header Kdelta-Version)
curl -X PUT -H "$json" --data '{"name":"Alice","age":31}' "$node/v1/kv/$ns/alice?parents=$base" >/dev/null
curl -X PUT -H "$json" --data '{"name":"Alice","age":30,"city":"Bonn"}' "$node/v1/kv/$ns/alice?parents=$base" >/dev/null
should 'two heads' 2 "$(curl --head "$node/v1/kv/$ns/alice" | header Kdelta-Heads)"
curl -X POST -H "$json" "$node/v1/resolve/$ns/alice?merge" >/dev/null
should 'both are in it' '{"age":31,"city":"Bonn","name":"Alice"}' "$(curl "$node/v1/kv/$ns/alice")"

say 'a key with a slash, a batch, a list page by page'
curl -X PUT -H "$json" --data '1' "$node/v1/kv/$ns/a%2Fb" >/dev/null
printf '{"op":"put","key":"%s/bo","value":{"name":"Bo"}}\n{"op":"del","key":"%s/a/b"}\n' "$ns" "$ns" |
  curl -X POST -H 'Content-Type: application/x-ndjson' --data-binary @- "$node/v1/batch" >/dev/null
should 'all keys' '{"keys":["alice","bo"]}' "$(curl "$node/v1/kv/$ns")"
next=$(curl -D - -o /dev/null "$node/v1/kv/$ns?limit=1" | header Kdelta-Next)
should 'the next page' '{"keys":["bo"]}' "$(curl "$node/v1/kv/$ns?limit=1&page=$next")"

say 'many documents, a line each; the same again adds only what is missing'
printf '{"key":"one","value":1}\n{"key":"two","value":2}\n' > "${TMPDIR:-/tmp}/$ns.jsonl"
import() { curl -X POST -H 'Content-Type: application/x-ndjson' --data-binary "@${TMPDIR:-/tmp}/$ns.jsonl" "$node/v1/import/$ns-bulk"; }
should 'two are new' "{\"namespace\":\"$ns-bulk\",\"lines\":2,\"stored\":2,\"held\":0}" "$(import)"
should 'two are there already' "{\"namespace\":\"$ns-bulk\",\"lines\":2,\"stored\":0,\"held\":2}" "$(import)"
rm "${TMPDIR:-/tmp}/$ns.jsonl"

say 'a session: what was written is read, on whatever node'
token=$(curl -X PUT -H "$json" --data '2' -D - -o /dev/null "$node/v1/kv/$ns/counter" | header Kdelta-Token)
should 'its own write' 2 "$(curl -H "Kdelta-Token: $token" "$node/v1/kv/$ns/counter")"

say 'follow changes from the beginning, until nothing is left'
told=$(curl --no-buffer "$node/v1/watch/$ns?from=start" | sed -n '/^event: current/q;/^event: version/p' | wc -l | tr -d ' ')
should 'versions' 9 "$told"

say 'an error tells what to do'
should 'no such key' 404 "$(curl -o /dev/null -w '%{http_code}' "$node/v1/kv/$ns/nobody")"
curl "$node/v1/kv/$ns/nobody"; echo
should 'a page of another site' 403 "$(curl -o /dev/null -w '%{http_code}' -H 'Origin: http://evil.example' "$node/v1/stats")"

say 'the cluster'
curl "$node/v1/cluster/status"; echo
curl -X POST -H "$json" "$node/v1/cluster/reconcile"; echo
curl "$node/readyz"
say 'done'
