"""The report's one stylesheet: quiet, readable on a phone, and good on paper."""

from typing import Final

CSS: Final = """
:root { --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --tint: #f6f8fa; --mark: #0b5394; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .9rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul { margin: .5rem 0; max-width: 48rem; }
ul { padding-left: 1.3rem; }
li { margin: .3rem 0; overflow-wrap: anywhere; }
.lead { color: var(--soft); margin: .2rem 0; }
.verdict { font-size: 1.12rem; line-height: 1.45; border-left: 4px solid var(--mark);
  padding: .1rem 0 .1rem .9rem; margin: .9rem 0; }
.notice { border: 1px solid #8a6d00; background: #fff8e1; border-radius: 6px;
  padding: .5rem .8rem; font-weight: 600; display: inline-block; margin: .8rem 0 0; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
.table { margin: .9rem 0 1.2rem; }
.caption { color: var(--soft); font-size: .88rem; margin: 0 0 .3rem; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top; }
tr > :last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; line-height: 1.25; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; white-space: nowrap; padding-right: 1.2rem; }
.facts tbody th { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem; }
.facts td { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem;
  overflow-wrap: anywhere; min-width: 12rem; }
td { white-space: nowrap; }
.facts td, .claims td, .cases td { white-space: normal; }
.factors td, .factors thead th { min-width: 5.6rem; }
.claims tbody th { white-space: normal; max-width: 26rem; min-width: 12rem; }
.claims td { min-width: 5rem; }
.cases td:last-child { min-width: 14rem; }
.ci { display: block; color: var(--soft); font-size: .8rem; }
.none { color: var(--soft); white-space: normal; }
.pair { display: grid; grid-template-columns: minmax(0, 42rem) minmax(0, 1fr); gap: 0 2rem;
  align-items: start; margin: 1.6rem 0 2.4rem; }
.pair.wide { grid-template-columns: minmax(0, 1fr); }
.pair figure { margin: 0; }
figure { margin: 1.2rem 0 1.8rem; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; margin-top: .3rem; }
.folded > input { position: absolute; opacity: 0; }
.folded > label { display: block; cursor: pointer; font-weight: 600; margin: .8rem 0; }
.folded > label::before { content: "\\25B8\\A0"; }
.folded > input:checked + label::before { content: "\\25BE\\A0"; }
.folded > input:focus-visible + label { outline: 2px solid var(--mark); outline-offset: 2px; }
@media screen {
  .folded > input:not(:checked) ~ div { display: none; }
}
dt { font-weight: 600; margin-top: .7rem; }
dd { margin: .1rem 0 0; max-width: 48rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
@media (max-width: 60rem) {
  .pair { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 34rem) {
  main { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.45rem; }
  th, td { padding-right: .6rem; }
  tbody th { white-space: normal; min-width: 5.6rem; padding-right: .6rem; }
  figure img { max-width: none; min-width: 30rem; }
}
@page { size: A4; margin: 15mm 13mm; }
@media print {
  :root { --soft: #444; }
  body { font-size: 9.5pt; line-height: 1.4; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 18pt; }
  h2 { font-size: 13pt; margin-top: 1.4rem; }
  h2, h3, .caption, .folded > label { break-after: avoid; }
  tr, figure, .verdict, .caption, li, dt { break-inside: avoid; }
  thead { display: table-header-group; }
  dt { break-after: avoid; }
  p, ul, dd { orphans: 3; widows: 3; max-width: none; }
  .verdict { font-size: 11pt; }
  .scroll { overflow: visible; }
  table { font-size: 7.6pt; }
  .caption, figcaption { font-size: 8.4pt; }
  .ci { font-size: 7pt; }
  th, td { padding: .2rem .55rem .2rem 0; }
  .factors td, .factors thead th, .facts td, .claims td, .cases td:last-child { min-width: 0; }
  td, tbody th { white-space: normal; }
  tbody th { padding-right: .6rem; }
  .pair { display: block; }
  figure img { max-height: 215mm; }
  .notice { background: none; }
  .folded > input, .folded > label::before, .folded > input:checked + label::before {
    display: none; }
}
"""
