#!/usr/bin/env bash
# Login by the code flow over real HTTP, the token's file, and that the token shows nowhere.
. "$(dirname "$0")/loader.sh"
new_database loader_login
token=the-token-that-nobody-sees
start_replay --limits none --token $token
port=$((20000 + RANDOM % 20000))
export UPSTOX_CLIENT_ID=app UPSTOX_CLIENT_SECRET=app-secret-7 UPSTOX_REDIRECT_URI=http://127.0.0.1:$port/callback

"$loader" login --log-level debug --patience "$patience" >login.log 2>&1 &
await grep -q authorization/dialog login.log
address=$(grep authorization/dialog login.log)
like "$address" "client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A$port%2Fcallback&state=[0-9a-f]{32}" "prints the address to open"
tr '\0' ' ' </proc/$!/cmdline >cmdline
await curl -s -o /dev/null "http://127.0.0.1:$port/"
is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/callback?code=stolen&state=wrong")" 400 "another state is refused"
like "$(curl -sL "$address")" "has the code" "the browser arrives at the listener"
wait $!
is $? 0 "the token is fetched"
is "$(stat -c %a token)" 600 "its file is the user's alone"
is "$(jq -r .access_token token)" $token "and holds it"
like "$(jq -r .expires_at token)" "T03:30:00\+05:30" "until 03:30"
run instruments --log-level debug
run ltp --once --symbols TCS --log-level debug
is "$code" 0 "the token is used"
everything=$(cat login.log cmdline; echo "$output"; sql "SELECT string_agg(t::text, '') FROM request_log t"; sql "SELECT current_setting('application_name')")
[[ $everything != *$token* && $everything != *app-secret-7* ]]
ok $? "neither token nor secret shows in output, debug log, process list or database"
for mode in 640 604 622; do
    chmod $mode token
    run ltp --once --symbols TCS
    like "$code $output" "^3 .*Others can read or write" "a file of mode $mode is refused"
done
chmod 600 token

run login --paste <<<"http://127.0.0.1:$port/callback?code=x&state=other"
like "$code $output" "^3 .*another login" "a pasted address of another login"
run login --paste <<<"used-code"
like "$code $output" "^3 .*UDAPI100057" "a code that does not work"
code=$(curl -s -o /dev/null -w '%{redirect_url}' "$address" | sed -E 's/.*code=([^&]*).*/\1/')
run login --paste <<<"$code"
is "$code" 0 "a pasted code"
UPSTOX_CLIENT_ID='' run login
is "$code" 2 "without an app"
run login --patience 1
like "$code $output" "^3 .*Nobody logged in within 1 seconds" "nobody comes"
run login --analytics <<<"yearly-token"
like "$code $(jq -r .kind token) $output" "^3 daily .*refuses that token.*not stored" "an analytics token that is refused is not stored"
run login --analytics <<<"$token"
is "$code $(jq -r '.kind + " " + .access_token' token)" "0 analytics $token" "one that is accepted is, from standard input"
replay faults -d "malformed=1" >/dev/null
run login --analytics <<<"$token"
like "$code $output" "^0 .*could not be tried" "an answer that is none proves nothing"
replay faults -d "" >/dev/null
run login --analytics --api-url http://127.0.0.1:1 <<<"yearly-token"
like "$code $(jq -r .access_token token) $output" "^0 yearly-token .*could not be tried.*Stored in" "and one that nobody can try, with a word"
run login --analytics </dev/null
is "$code" 3 "or not, if there is none"

# Where the token goes.
run --api-url http://api.example.com ltp --once --symbols TCS
like "$code $output" "^2 .*https or to this machine" "not over plain http to another machine"
printf 'PGCANDLE_LIMITS=nonsense\n' >.env
run ltp --once --symbols TCS
is "$code" 2 ".env is read"
chmod 666 .env
run ltp --once --symbols TCS
like "$output" "\.env is not read: others can write it" "unless others can write it"
chmod 600 .env
printf 'PGCANDLE_TIMEOUT=abc\n' >.env
run ltp --once --symbols TCS
like "$code $output" "^2 .*PGCANDLE_TIMEOUT in .env" "a value that is none is blamed on its variable"
printf 'DATABASE_URL=mysql://me:secret@host/db\nUPSTOX_ACCESS_TOKEN="two words"\n' >.env
run login --analytics <<<"$token"
run ltp --once --symbols TCS
like "$code $output" "^0 .*DATABASE_URL cannot be used.*UPSTOX_ACCESS_TOKEN cannot be used" "another program's .env stops nothing"
[[ $output != *secret* ]]
ok $? "and nothing of it is shown"
rm .env
psql -X -q -d postgres -c "DROP DATABASE loader_login" 2>/dev/null
done_testing
