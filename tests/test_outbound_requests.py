"""The service asks nobody but the issuer of its tokens; no module opens a connection, a shell or a packed object."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("analysis/**/*.py"), *ROOT.glob("migrations/**/*.py")])
CLIENTS = re.compile(
    r"(aiohttp|asyncio\.streams|boto\w*|fsspec|ftplib|http\.client|httpcore|httpx|imaplib|nntplib|paramiko|poplib|pycurl|"
    r"requests|smtplib|socket|socketserver|ssl|telnetlib|urllib\.request|urllib3|webbrowser|websockets?|xmlrpc)(\.|$)"
)
ALLOWED = {
    "app/identity/oidc/fetching.py": {"httpx", "ssl"},
    "app/serving.py": {"socket"},
}
"""What each module may use: the first asks the issuer, the second listens."""
LISTENING = {"AF_INET6", "AI_PASSIVE", "IPPROTO_TCP", "SOCK_STREAM", "SOL_SOCKET", "SO_REUSEADDR", "gaierror"}
OPENING = {"getaddrinfo", "socket"}
CALLS = re.compile(r"(open_connection|create_connection|urlopen|urlretrieve|from_url|create_datagram_endpoint)$")
UNPACKERS = {"cloudpickle", "dill", "jsonpickle", "lxml", "marshal", "pickle", "shelve", "xml", "yaml"}
"""Objects and documents that do something while they are read."""
WRITES_XML = "app/open311/documents.py"
READERS_OF_XML = {"XML", "XMLID", "XMLParser", "XMLPullParser", "fromstring", "fromstringlist", "iterparse", "parse"}
READ_ADDRESSES = {"read_csv", "read_json", "read_html", "read_xml", "read_excel", "read_parquet", "read_pickle"}
"""Of pandas: they take addresses as well as files."""


def name(path):
    return str(path.relative_to(ROOT))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_can_ask_another_host(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {module.partition(".")[0] for module in imported(tree) if CLIENTS.match(module)}
    assert used <= ALLOWED.get(name(path), set())
    calls = set(called(tree))
    assert not [call for call in calls if CALLS.search(call)]
    assert {"eval", "exec", "__import__", "system", "popen"}.isdisjoint(calls)
    assert not calls & READ_ADDRESSES or name(path) in READERS_OF_FILES


READERS_OF_FILES = {name(path) for path in ROOT.glob("app/files/*.py")} | {"app/database/feature_rows.py"}
"""The last reads lines that it holds in memory."""


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_runs_a_shell_or_unpacks_objects(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    options = {word.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords}
    assert "shell" not in options
    unpackers = UNPACKERS & {module.partition(".")[0] for module in imported(tree)}
    assert unpackers == ({"xml"} if name(path) == WRITES_XML else set())


def test_what_writes_xml_reads_none():
    tree = ast.parse((ROOT / WRITES_XML).read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert READERS_OF_XML.isdisjoint(names)


def test_what_listens_connects_to_nobody():
    tree = ast.parse((ROOT / "app" / "serving.py").read_text())
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket"
    }
    assert used <= LISTENING | OPENING
    assert {"connect", "connect_ex", "sendto"}.isdisjoint(called(tree))


def test_the_allowed_modules_are_there():
    for path, modules in ALLOWED.items():
        assert modules <= {module.partition(".")[0] for module in imported(ast.parse((ROOT / path).read_text()))}


def test_the_issuer_is_asked_without_redirects_proxies_and_trust():
    text = (ROOT / "app" / "identity" / "oidc" / "fetching.py").read_text()
    assert "follow_redirects=False" in text
    assert "trust_env=False" in text


def test_pages_and_scripts_name_no_other_host():
    served = [
        path
        for pattern in ("app/**/*.html", "app/**/*.js", "app/**/*.css", "app/**/*.svg")
        for path in ROOT.glob(pattern)
    ]
    assert served
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    for path in served:
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<>)]*", path.read_text(encoding="utf-8")))
        assert addresses <= namespaces, name(path)
