"""The report's one stylesheet: quiet, readable, and good on paper."""

from typing import Final

CSS: Final = """
:root { --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --tint: #f6f8fa; --mark: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-top: .9rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, ul { margin: .5rem 0; max-width: 46rem; }
li { margin: .25rem 0; }
.lead { color: var(--soft); }
.notice { border: 1px solid #d4a72c; background: #fff8e1; border-radius: 6px;
  padding: .5rem .8rem; font-weight: 600; display: inline-block; margin: .8rem 0 0; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .34rem .8rem .34rem 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--ink); white-space: nowrap; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; white-space: nowrap; padding-right: 1.4rem; }
.facts tbody th { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem; }
.facts td, .code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem;
  overflow-wrap: anywhere; }
.factors td { white-space: nowrap; min-width: 8.2rem; }
.ci { display: block; color: var(--soft); font-size: .82rem; }
.none { color: var(--soft); white-space: normal; }
figure { margin: 1.2rem 0 1.8rem; break-inside: avoid; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; margin-top: .3rem; }
dt { font-weight: 600; margin-top: .7rem; }
dd { margin: .1rem 0 0; max-width: 46rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; }
}
"""
