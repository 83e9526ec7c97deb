"""A plan document as a web page that stands alone: no script, no foreign font, good on paper."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

STYLE = """
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #5b6472; --page: #fff; --ink: #1b2230; --band: #f4f6f9; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4250; --soft: #a0a9b8; --page: #14181f; --ink: #e7eaf0; --band: #1d232d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h1 + p { color: var(--soft); margin-top: 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem; }
p, ul { margin: .5rem 0; }
li { margin: .35rem 0; }
table { border-collapse: collapse; margin: .75rem 0 1rem; min-width: 60%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .9rem; border-bottom: 1px solid var(--line); }
th { background: var(--band); font-weight: 600; }
code { background: var(--band); padding: .1rem .3rem; border-radius: .25rem; font-size: .9em; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
@media print { body { font-size: 11pt; } main { padding: 0; max-width: none; } h3 { break-after: avoid; } \
table { break-inside: avoid; } }
"""


def page(title: str, markdown: str) -> str:
    """The page of a document; what is in a plan file is text, never markup of its own."""
    # Names and reasons in a plan are written by people and shown to others; without HTML they cannot be markup.
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<main>\n{body}</main>\n</body>\n</html>\n"
    )
