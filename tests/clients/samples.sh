#!/bin/sh
# The curl samples of the source documents; only base URLs and credentials are replaced, from the environment:
# KEYWARD_{CLEVERTAP,CLICKYID,CODAT}_BASE_URL, KEYWARD_CLEVERTAP_ACCOUNT_ID, KEYWARD_{CLEVERTAP,CLICKYID,CODAT}_SECRET.
set -u
: "${KEYWARD_CLEVERTAP_BASE_URL:?}" "${KEYWARD_CLEVERTAP_ACCOUNT_ID:?}" "${KEYWARD_CLEVERTAP_SECRET:?}"
: "${KEYWARD_CLICKYID_BASE_URL:?}" "${KEYWARD_CLICKYID_SECRET:?}" "${KEYWARD_CODAT_BASE_URL:?}" "${KEYWARD_CODAT_SECRET:?}"

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failures=0

# answers NAME STATUS TEXT curl-arguments…: the call answers with this status, and its head or body, spaces removed, contains the text.
answers() {
    name=$1 status=$2 text=$3
    shift 3
    got=$(curl -sS -m 15 -D "$scratch/head" -o "$scratch/body" -w '%{http_code}' "$@" 2>"$scratch/error") || got="curl failed"
    if [ "$got" = "$status" ] && cat "$scratch/head" "$scratch/body" | tr -d ' \r' | grep -qiF -- "$text"; then
        echo "ok   $name"
    else
        failures=$((failures + 1))
        echo "FAIL $name: got $got, wanted $status and \"$text\""
        cat "$scratch/error" "$scratch/head" "$scratch/body"
    fi
}

events="$KEYWARD_CLEVERTAP_BASE_URL/1/events.json?cursor=CURSOR_VALUE"
answers "r10 the first CleverTap sample names no passcode" 401 '"status":"fail"' "$events" \
    -H "X-CleverTap-Account-Id: $KEYWARD_CLEVERTAP_ACCOUNT_ID" \
    -H "Content-Type: application/json"
answers "r9 the second CleverTap sample" 200 '"status":"success"' "$events" \
    -H "X-CleverTap-Account-Id: $KEYWARD_CLEVERTAP_ACCOUNT_ID" \
    -H "X-CleverTap-Passcode: $KEYWARD_CLEVERTAP_SECRET" \
    -H "Content-Type: application/json"
answers "r9 the content type is not required" 200 '"status":"success"' "$events" \
    -H "x-clevertap-account-id: $KEYWARD_CLEVERTAP_ACCOUNT_ID" \
    -H "x-clevertap-passcode: $KEYWARD_CLEVERTAP_SECRET"

bearer="Authorization: Bearer $KEYWARD_CLICKYID_SECRET"
answers "r54 the ClickyID header lists target groups" 200 '"targetGroups":' "$KEYWARD_CLICKYID_BASE_URL/target-groups" -H "$bearer"
answers "r68 the answer carries X-RateLimit-Limit" 200 'X-RateLimit-Limit:' "$KEYWARD_CLICKYID_BASE_URL/offers" -H "$bearer"
answers "r68 the answer carries X-RateLimit-Remaining" 200 'X-RateLimit-Remaining:' "$KEYWARD_CLICKYID_BASE_URL/offers" -H "$bearer"
answers "r69 the answer carries X-RateLimit-Reset in epoch seconds" 200 'X-RateLimit-Reset:1' "$KEYWARD_CLICKYID_BASE_URL/offers" -H "$bearer"
answers "r47 without the header there is no answer" 401 'WWW-Authenticate:' "$KEYWARD_CLICKYID_BASE_URL/offers"
answers "r57 a live key reaches the live upstream" 200 '"environment":"live"' "$KEYWARD_CLICKYID_BASE_URL/validate/target-group" \
    -H "$bearer" -H "Content-Type: application/json" -d '{"email":"ann@example.com","targetGroupId":"tg_newsletter"}'
answers "r63 bulk validation" 200 '"summary":' "$KEYWARD_CLICKYID_BASE_URL/validate/bulk" \
    -H "$bearer" -H "Content-Type: application/json" \
    -d '{"emails":["ann@example.com","li@uni.ac.uk"],"mode":"any","targetGroupIds":["tg_students"],"offerIds":["of_campus20"]}'

encoded=$(printf %s "$KEYWARD_CODAT_SECRET" | base64 | tr -d '\n')
answers "r81 the Codat header with the encoded key" 200 '"results":' "$KEYWARD_CODAT_BASE_URL/companies" -H "Authorization: Basic $encoded"
answers "r83 the key itself in place of its encoding" 401 '"statusCode":401' "$KEYWARD_CODAT_BASE_URL/companies" \
    -H "Authorization: Basic $KEYWARD_CODAT_SECRET"

[ "$failures" -eq 0 ]
