"""The published Python client of Codat's platform API against a running gateway, with only its server URL changed.

Usage: codat.py BASE_URL API_KEY (or KEYWARD_CODAT_BASE_URL and KEYWARD_CODAT_SECRET in the environment).
The account should have no other key than the given one. Whatever the tests create, they delete again.
"""

import base64
import contextlib
import datetime
import json
import os
import re
import sys
import traceback
import urllib.request
import uuid

from codat_platform import CodatPlatform
from codat_platform.models import errors, shared
from codat_platform.utils.retries import RetryConfig


def argument(position, variable):
    value = sys.argv[position] if len(sys.argv) > position else os.environ.get(variable)
    if not value:
        sys.exit(__doc__)
    return value


BASE_URL = argument(1, "KEYWARD_CODAT_BASE_URL").rstrip("/")
API_KEY = argument(2, "KEYWARD_CODAT_SECRET")


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def client(auth_header=None):
    """The published client, told only where the server is and, like any user of it, what the header is."""
    security = None if auth_header == "" else shared.Security(auth_header=auth_header or basic(API_KEY))
    # By default the client repeats 429 and 5xx for up to an hour; a test wants to see them.
    once = RetryConfig(strategy="none")
    return CodatPlatform(security=security, server_url=BASE_URL, timeout_ms=10_000, retry_config=once)


def refusal(call):
    """The error that the client raises for a refused call."""
    try:
        call()
    except (errors.ErrorMessage, errors.SDKError) as error:
        return error
    raise AssertionError("the call should have been refused")


def delete(codat, key_id):
    """Deletes a key. The client's own specification promises a body with 204, so it raises exactly this error."""
    try:
        codat.settings.delete_api_key(request={"api_key_id": key_id})
    except errors.ResponseValidationError as error:
        assert error.status_code == 204, error
        assert error.body == "", error.body


@contextlib.contextmanager
def created_key(name="made by the Python client"):
    key = client().settings.create_api_key(request={"name": name})
    try:
        yield key
    finally:
        with contextlib.suppress(errors.ErrorMessage):
            delete(client(), key.id)


def listed_ids():
    return {key.id for key in client().settings.list_api_keys().results}


def raw(method, path, key=API_KEY):
    request = urllib.request.Request(BASE_URL + path, method=method, headers={"Authorization": basic(key)})
    return urllib.request.urlopen(request, timeout=10)


def test_r81_bare_key_and_both_colon_forms_are_accepted():
    for form in (API_KEY, API_KEY + ":", ":" + API_KEY):
        page = client(basic(form)).companies.list(request={"page_size": 1})
        assert page.total_results >= 1, form


def test_r82_r83_missing_wrong_and_unencoded_keys_raise_the_typed_401():
    wrong_headers = ("", basic("0" * 40), "Bearer " + API_KEY, "Basic !!!", "Basic " + API_KEY)
    for header in wrong_headers:
        for call in (lambda c: c.companies.list(), lambda c: c.settings.list_api_keys()):
            error = refusal(lambda: call(client(header)))
            assert type(error) is errors.ErrorMessage, (header, repr(error))
            assert error.status_code == 401 and error.data.status_code == 401, header
            assert error.data.error and re.fullmatch("[0-9a-f]{32}", error.data.correlation_id)
            assert error.headers.get("WWW-Authenticate"), "a 401 names the scheme"


def test_r93_the_list_holds_the_key_in_use():
    keys = client().settings.list_api_keys().results
    assert API_KEY in [key.api_key for key in keys]


def test_r92_a_created_key_is_complete_listed_and_works():
    with created_key() as key:
        assert uuid.UUID(key.id) and key.name == "made by the Python client"
        assert re.fullmatch("[0-9A-Za-z]{40}", key.api_key)
        made = datetime.datetime.fromisoformat(key.created_date.replace("Z", "+00:00"))
        age = datetime.datetime.now(datetime.timezone.utc) - made
        assert abs(age) < datetime.timedelta(minutes=5), key.created_date
        assert key.id in listed_ids()
        assert client(basic(key.api_key)).companies.list().results


def test_r95_keys_are_shown_without_headers():
    with raw("GET", "/apiKeys") as response:
        assert response.headers.get_content_type() == "application/json"
        answer = json.load(response)
    assert set(answer) == {"results"}
    for key in answer["results"]:
        assert set(key) == {"id", "name", "apiKey", "createdDate"}, sorted(key)


def test_r90_the_name_is_optional_and_at_most_50_characters():
    nameless = client().settings.create_api_key()
    try:
        assert nameless.name is None
    finally:
        delete(client(), nameless.id)
    with created_key("n" * 50) as key:
        assert key.name == "n" * 50
    error = refusal(lambda: client().settings.create_api_key(request={"name": "n" * 51}))
    assert type(error) is errors.ErrorMessage and error.status_code == 400
    assert error.data.error == "Max string length (50) for `name` reached."


def test_r89_a_deleted_key_is_refused_at_once():
    with created_key() as key:
        with raw("DELETE", "/apiKeys/" + key.id) as response:
            assert response.status == 204 and response.read() == b""
            assert response.headers.get("Content-Type") is None
        error = refusal(lambda: client(basic(key.api_key)).companies.list())
        assert error.status_code == 401


def test_r94_the_client_deletes_a_key_and_an_unknown_one_is_404():
    with created_key() as key:
        delete(client(), key.id)
        assert key.id not in listed_ids()
        assert refusal(lambda: client(basic(key.api_key)).companies.list()).status_code == 401
        again = refusal(lambda: delete(client(), key.id))
        assert type(again) is errors.ErrorMessage and again.status_code == 404
    unknown = refusal(lambda: delete(client(), str(uuid.uuid4())))
    assert type(unknown) is errors.ErrorMessage and unknown.status_code == 404


def test_r102_a_key_may_delete_itself_while_another_remains():
    with created_key() as key:
        delete(client(basic(key.api_key)), key.id)
        assert key.id not in listed_ids()


def test_r100_the_eleventh_key_is_refused_with_the_documented_text():
    made = []
    try:
        for _ in range(10 - len(listed_ids())):
            made.append(client().settings.create_api_key(request={"name": f"filler {len(made)}"}).id)
        error = refusal(lambda: client().settings.create_api_key(request={"name": "one too many"}))
        assert type(error) is errors.ErrorMessage and error.status_code == 409
        assert error.data.error.startswith("Maximum number of API keys reached."), error.data.error
        assert len(listed_ids()) == 10
    finally:
        for key_id in made:
            delete(client(), key_id)


def test_r101_the_last_key_cannot_be_deleted():
    (last,) = listed_ids()  # the account should have no other key, see above
    error = refusal(lambda: delete(client(), last))
    # 409 is not among the answers that the client expects of this call, hence the generic error class.
    assert type(error) is errors.SDKError and error.status_code == 409, repr(error)
    assert listed_ids() == {last}


def test_companies_pass_through_the_gateway_unchanged():
    codat = client()
    company = codat.companies.create(request={"name": "Harbour Bakery 2", "tags": {"region": "python"}})
    try:
        assert codat.companies.get(request={"company_id": company.id}).name == "Harbour Bakery 2"
        found = codat.companies.list(request={"tags": "region=python", "page_size": 10})
        assert company.id in [each.id for each in found.results]
        changed = codat.companies.update(
            request={"company_id": company.id, "company_update_request": {"description": "bread"}}
        )
        assert (changed.name, changed.description) == ("Harbour Bakery 2", "bread")
        connection = codat.connections.create(
            request={"company_id": company.id, "request_body": {"platform_key": "ldgr"}}
        )
        assert connection.platform_name == "Ledgerly"
    finally:
        codat.companies.delete(request={"company_id": company.id})
    gone = refusal(lambda: codat.companies.get(request={"company_id": company.id}))
    assert type(gone) is errors.ErrorMessage and gone.status_code == 404


def test_profile_integrations_and_settings_pass_through_the_gateway():
    codat = client()
    assert codat.settings.get_profile().name
    assert codat.settings.get_sync_settings().settings
    assert codat.integrations.list(request={}).results
    assert codat.webhooks.list_consumers().results == []
    company = codat.companies.list(request={"page": 1, "page_size": 1}).results[0]
    assert codat.connections.list(request={"company_id": company.id}).results
    assert codat.refresh_data.get(request={"company_id": company.id})


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    for name, test in tests:
        try:
            test()
            print("ok  ", name)
        except Exception:
            failed += 1
            print("FAIL", name)
            traceback.print_exc()
    print(f"{len(tests) - failed} of {len(tests)} passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
