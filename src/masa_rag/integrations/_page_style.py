"""The look of the page of ``masa-rag serve``: light and dark, from a telephone's width up."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2024, #e8eaed); --soft: light-dark(#5a6270, #9aa3b0);
  --line: light-dark(#d9dde3, #3a4150); --paper: light-dark(#ffffff, #14171c); --field: light-dark(#f4f6f8,
  #1e232b); --accent: light-dark(#0b5fae, #7db8f2); --mark: light-dark(#fff3c4, #4a4013) }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
a { color: var(--accent) }
h1 { font-size: 1.15rem; margin: 0 0 1rem }
h1 > a { color: inherit; text-decoration: none }
h1 small { color: var(--soft); font-weight: normal }
h2 { font-size: 1rem; margin: 1.75rem 0 0; font-weight: 600 }
form { display: grid; grid-template-columns: 1fr auto; gap: .5rem }
input, select, button { font: inherit; color: inherit; padding: .5rem .7rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--field); min-width: 0; height: 2.6rem }
input[type=search] { text-overflow: ellipsis }
input[type=date] { padding: .5rem .4rem }
button { background: var(--accent); color: var(--paper); border-color: transparent; font-weight: 600;
  cursor: pointer }
fieldset { grid-column: 1 / -1; border: 0; padding: 0; margin: 0; display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)) }
label { font-size: .8rem; color: var(--soft) }
label input, label select { display: block; width: 100%; font-size: .95rem; color: var(--ink) }
ol { list-style: none; padding: 0; margin: 1rem 0 0 }
li { border-top: 1px solid var(--line); padding: 1rem 0 }
cite { font-style: normal; font-size: .9rem; color: var(--soft) }
cite b { color: var(--ink) }
h1, h2, cite, details { overflow-wrap: anywhere }
p { margin: .35rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext }
details { font-size: .8rem; color: var(--soft); margin-top: .25rem }
summary { cursor: pointer }
mark { background: var(--mark); color: inherit; border-radius: .2rem; box-decoration-break: clone; padding: .1em 0 }
.bars { display: flex; align-items: end; height: 5rem; margin: 1.25rem 0 0 }
.bars a { flex: 1; max-width: 3.6rem; height: 100%; display: flex; align-items: end; border-bottom: 1px solid
  var(--line) }
.bars i { width: calc(100% - 2px); min-width: 70%; background: var(--accent); border-radius: 2px 2px 0 0 }
.bars a:hover i, .bars a:focus i { background: var(--ink) }
.trend { display: grid; grid-template-columns: 5rem 1fr; gap: 1rem }
.spark { display: flex; align-items: end; gap: 2px; height: 2.6rem; border-bottom: 1px solid var(--line) }
.spark i { flex: 1; background: var(--soft); border-radius: 2px 2px 0 0 }
.spark i:last-child { background: var(--accent) }
.ends { display: flex; justify-content: space-between; font-size: .8rem; color: var(--soft) }
.table { overflow-x: auto; margin-top: 1rem }
table { border-collapse: collapse; width: 100%; font-size: .95rem }
td, th { text-align: left; padding: .4rem .5rem; border-top: 1px solid var(--line); white-space: nowrap }
td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 6rem }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.error { color: light-dark(#a3261b, #ff9d93) }
@media (max-width: 34rem) { table { font-size: .85rem } td, th { padding: .4rem .3rem } .wide { display: none } }
"""
