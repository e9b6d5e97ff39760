"""Text that tries to become code, whichever sink it ends in."""

PAYLOADS = (
    '<img src=x onerror="window.ran=1">',
    "${window.ran=1}",
    "`);window.ran=1;(`",
    '"><script>window.ran=1</script>',
    "</script><script>window.ran=1</script>",
    "'+(window.ran=1)+'",
    '\\"+(window.ran=1)//',
    "\u2028window.ran=1//\u2029",
    "{{window.ran=1}}{% raw %}",
    "--><svg onload=window.ran=1>",
    "</style><body onload=window.ran=1>",
    "</textarea></title><iframe srcdoc='<script>parent.ran=1</script>'>",
    "javascript:window.ran=1",
)
PAYLOAD = " ".join(PAYLOADS)
