/** What each check asks, by its name in an explanation. */
const CHECKS: Record<string, [title: string, asks: string]> = {
  request: ['Request', 'It can be read in one way only.'],
  path: ['Path', 'The path has one meaning.'],
  api: ['API', 'An API answers at this address.'],
  credential: ['Credential', 'It carries exactly one complete credential, in the headers that this API reads.'],
  key: ['Key', 'The secret is one of a key of this API.'],
  secret: ['Secret', 'The secret is in force: it was not replaced, or its overlap still runs.'],
  https: ['HTTPS', 'The key did not travel in clear where that is not allowed.'],
  account: ['Account', 'The account is let in.'],
  state: ['State', 'The key is neither disabled nor revoked.'],
  expiry: ['Expiry', 'The key’s time is not over.'],
  region: ['Region', 'The host is of the account’s region.'],
  kind: ['Kind of key', 'The account accepts keys of this kind.'],
  environment: ['Environment', 'The API and the route take keys of this environment.'],
  address: ['Address', 'The key may be used from this address.'],
  route: ['Route and scopes', 'The API has this route, and the key holds the scopes that it needs.'],
  body: ['Body', 'The body fits the rules of its route.'],
  limit: ['Limit', 'Something is left of it.'],
  quota: ['Quota', 'Something is left of it.'],
  upstream: ['The API behind', 'It was reached, and answered.'],
  client: ['The caller', 'It waited for the answer.'],
};

export function checkWords(name: string): [title: string, asks: string] {
  return CHECKS[name] ?? [name, ''];
}

/** What to do about a refusal, by its code. */
const NEXT: Record<string, string> = {
  bad_request: 'Have the program that sends it mended: two programs could read this request differently.',
  ambiguous_path: 'Send the plain path, without “..”, “//” and encoded slashes.',
  no_api: 'Check host and beginning of the path against the address on the account’s page.',
  ambiguous_credentials: 'Send one credential only.',
  credential_in_url: 'Send the key in a header, and replace the key: addresses end up in logs.',
  missing_credentials: 'Send the key as the account’s page and the key’s examples show.',
  unsupported_scheme: 'Send the key as the key’s examples show: this API reads another scheme.',
  invalid_credentials: 'Compare the secret with the one that was handed out; a space or a quote too many is enough.',
  https_required: 'Call over HTTPS, and replace the key: it travelled in clear.',
  account_suspended: 'Ask whoever runs this deployment why the account is suspended.',
  key_revoked: 'Use another key: this one is over for good.',
  key_disabled: 'Enable the key on its page, or use another.',
  key_expired: 'Extend the key on its page, or use another.',
  wrong_region: 'Call the host of the account’s own region.',
  kind_not_accepted: 'Use a key of the kind that the account accepts, or change that on the account’s page.',
  wrong_environment: 'Use a key of the other environment.',
  ip_not_allowed: 'Call from an address that the key is bound to, or add this one on the key’s edit page.',
  no_route: 'Check method and path against the API’s routes.',
  insufficient_scope: 'Add the scope on the key’s edit page, or use a key that has it.',
  body_required: 'Paste the command with its body: this route judges bodies.',
  unsupported_media: 'Send plain JSON, uncompressed.',
  payload_too_large: 'Send less at once.',
  invalid_body: 'Mend what the message names in the body.',
  too_many_items: 'Send fewer items at once.',
  rate_limited: 'Wait until the limit is whole again, call more slowly, or raise the key’s limit.',
  quota_exceeded: 'Wait until the quota is renewed, or ask for more.',
  upstream_unavailable: 'It is not the key: the API behind the gateway can’t be reached.',
  upstream_timeout: 'It is not the key: the API behind the gateway did not answer in time.',
  auth_unavailable: 'Try again: for the moment no safe decision can be made.',
  method_not_allowed: 'Use another method: this one is not forwarded.',
  uri_too_long: 'Send a shorter address; what is long belongs into the body.',
  expectation_failed: 'Leave the header “Expect” out.',
  client_gone: 'The caller went away before there was an answer: give it more time.',
};

export function nextStep(code: string | null | undefined): string | null {
  return code ? (NEXT[code] ?? null) : null;
}
