"""Ways to run a script or send a request from the content of a submission."""

from __future__ import annotations

import base64
from typing import Any

RAN = "window.ran=1;fetch('http://127.0.0.1:9/gone')"
HTML = [
    f"<script>{RAN}</script>",
    f'<img src=x onerror="{RAN}">',
    '<img src="http://127.0.0.1:9/pixel.png">',
    f'<svg onload="{RAN}"><script>{RAN}</script></svg>',
    f'<svg><style><img src=x onerror="{RAN}"></style></svg>',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RAN}&gt;">',
    f'<a href="javascript:{RAN}">click</a>',
    f'<a href=" jav&#x09;ascript:{RAN}">click</a>',
    f'<a href="data:text/html,<script>{RAN}</script>">click</a>',
    f'<iframe srcdoc="<script>parent.{RAN}</script>"></iframe>',
    f'<object data="data:text/html,<script>{RAN}</script>"></object><embed src="http://127.0.0.1:9/e">',
    '<link rel="stylesheet" href="http://127.0.0.1:9/s.css"><style>@import "http://127.0.0.1:9/i.css";</style>',
    '<style>body{background:url(http://127.0.0.1:9/b.png)} h1{display:none}</style>',
    '<div style="background:url(http://127.0.0.1:9/c.png);position:fixed;inset:0">over everything</div>',
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/refresh"><base href="http://127.0.0.1:9/">',
    f'<form action="http://127.0.0.1:9/f"><input autofocus onfocus="{RAN}"><button>Send</button></form>',
    f'<details open ontoggle="{RAN}"><summary>look</summary></details>',
    f'<video><source onerror="{RAN}"></video><audio src="http://127.0.0.1:9/a.mp3" autoplay></audio>',
    f'<p title="x" onmouseover="{RAN}" class="score" id="policy">dressed up</p>',
    f"</pre></section></body><script>{RAN}</script>",
    f"<!--><script>{RAN}</script-->",
    f"<noscript><p title=\"</noscript><script>{RAN}</script>\">",
    "<div>" * 3000 + f"<script>{RAN}</script>",
]  # fmt: skip
MARKDOWN = [
    *HTML,
    f"[click](javascript:{RAN})",
    f"[click][r]\n\n[r]: javascript:{RAN}",
    f"<javascript:{RAN}>",
    '![x](http://127.0.0.1:9/m.png)\n\n![y](x"onerror="window.ran=1)',
    f'$</code><script>{RAN}</script>$ and $$\n<img src=x onerror="{RAN}">\n$$',
    f"```html\n</code></pre><script>{RAN}</script>\n```",
    f'# Title <img src=x onerror="{RAN}">',
]
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RAN}"><script>{RAN}</script></svg>'


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def cells() -> list[dict[str, Any]]:
    """Return cells that try all of these, in their text and outputs."""
    script = f"</pre></textarea></title></style><script>{RAN}</script>"
    outputs: list[Any] = [_shown({"text/html": html}) for html in HTML]
    outputs += [_shown({"text/html": [*html]}) for html in HTML[:2]]
    outputs += [_shown({"text/markdown": text}) for text in MARKDOWN[-7:]]
    outputs += [
        _shown({"image/svg+xml": SVG}),
        _shown({"image/png": base64.b64encode(SVG.encode()).decode()}),
        _shown({"image/png": f'x" onerror="{RAN}'}),
        _shown({"image/jpeg": {"a": 1}}),
        _shown({"application/javascript": RAN, "text/plain": script}),
        _shown({"text/latex": f"$${script}$$", "text/plain": script}),
        {"output_type": "stream", "name": script, "text": f"\x1b]8;;javascript:{RAN}\x07{script}"},
        {"output_type": "error", "ename": script, "evalue": script, "traceback": [script]},
        {"output_type": "display_data", "data": [script]},
        script,
        None,
    ]
    code = {"cell_type": "code", "source": f'x = """{script}"""', "outputs": [], "execution_count": None}
    return [
        *({"cell_type": "markdown", "source": text, "id": f"m{i}"} for i, text in enumerate(MARKDOWN)),
        *(code | {"id": f"c{i}", "outputs": outputs[i : i + 40]} for i in range(0, len(outputs), 40)),
        code | {"id": "e", "source": f"raise type({script!r}, (Exception,), {{}})({script!r})"},
        {"cell_type": "raw", "source": script, "id": "r"},
    ]
