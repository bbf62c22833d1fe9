"""The answer of `POST /trust-score` as one page that prints: the same numbers, the same digest.

Standard library alone, so that a gateway can write it. Every number stands in a `<data>` element
whose `value` is the number of the JSON; the text shows it to three digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

Body = Mapping[str, Any]
NOTICE: Final = "Research use only. Not for clinical decisions."
PARTS: Final = {
    "s0": "mean Dice on the weaker test set",
    "s1": "closeness of mean Dice on both test sets",
    "s2": "consistency over cases",
    "s3": "agreement case by case (Lin's concordance)",
    "s4": "smallness of the difference case by case (T4)",
    "s5": "closeness of the relative spread (T5) on both test sets",
}
VERDICTS: Final = {
    "equivalent": "equivalent",
    "different": "different",
    "inconclusive": "undecided",
}
_LINE: Final = 'stroke="#1b1f24"'
_ROW, _TOP, _LEFT, _RIGHT, _WIDTH = 28, 16, 104, 84, 520
_CSS: Final = """
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#1b1f24;font:15px/1.45 system-ui,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
main{max-width:58rem;margin:0 auto;padding:1.6rem 1.2rem 3rem}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem;
border-top:1px solid #c4ccd4;padding-top:.7rem}
p,ul{margin:.4rem 0;max-width:48rem}
.soft,figcaption{color:#4a535c}
.notice{font-weight:600;border:2px solid #1b1f24;display:inline-block;padding:.25rem .6rem;
margin:.4rem 0}
.verdict{font-size:1.05rem}.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem;margin:.4rem 0}
th,td{text-align:left;vertical-align:top;padding:.22rem .9rem .22rem 0;
border-bottom:1px solid #dde3e8}
thead th{border-bottom:2px solid #1b1f24}tbody th{font-weight:500}
.ci{display:block;color:#4a535c;font-size:.82rem;white-space:nowrap}
figure{margin:.8rem 0;break-inside:avoid}
.caption,figcaption{font-size:.88rem;max-width:48rem}
.caption{margin:1rem 0 .1rem;break-after:avoid}
svg{display:block;width:100%;max-width:40rem;height:auto;font-size:13px}
footer{margin-top:1.6rem;font-size:.82rem;overflow-wrap:anywhere;color:#4a535c}
@media print{@page{margin:12mm}html{font-size:9pt}body{font-size:9pt}svg{max-width:34rem}
main{max-width:none;padding:0}
h2{break-after:avoid}tr{break-inside:avoid}.wide{overflow:visible}}
"""


def trust_page(answer: Body) -> str:
    """Write the page of one answer of `score_cases`.

    Parameters
    ----------
    answer
        The body as `POST /trust-score` gives it.

    Returns
    -------
    str
        A whole HTML document without scripts, images or links to elsewhere.
    """
    parts = [
        *_head(answer),
        *_short(answer),
        *_figures(answer),
        *_tables(answer),
        *_settings(answer),
    ]
    content = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Trust score of synthetic images</title>\n<style>{_CSS}</style>\n</head>\n"
        f"<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def _head(answer: Body) -> Iterator[str]:
    yield "<h1>Trust score of synthetic images</h1>"
    regions = ", ".join(map(_text, answer["regions"]))
    plural = "case" if answer["cases"] == 1 else "cases"
    yield f'<p class="soft">{answer["cases"]} {plural}, regions {regions}. Dice of one segmenter '
    yield "on real test images and on their synthetic twins.</p>"
    yield f'<p class="notice">{NOTICE}</p>'


def _short(answer: Body) -> Iterator[str]:
    """The verdict in words, then the score that must not stand alone."""
    equivalence = answer["equivalence"]
    yield "<h2>In short</h2>"
    overall = _sentence("Averaged over regions", equivalence["overall"], equivalence["margin"])
    yield f'<p class="verdict">{overall}</p>'
    yield "<ul>"
    for region, found in equivalence["regions"].items():
        yield f"<li>{_sentence(_text(region), found, equivalence['margin'])}</li>"
    yield f"<li>Every region: {VERDICTS[equivalence['every_region']]}.</li>"
    yield f"<li>{_score(answer['score'])}</li></ul>"
    yield (
        '<p class="soft">Equivalence says that synthetic test images predict performance on real '
        "ones. It does not say that training on synthetic images is as good as training on real "
        "ones.</p>"
    )
    yield from _list(warning["detail"] for warning in answer["warnings"])


def _sentence(subject: str, found: Body, margin: float) -> str:
    if found["difference"] is None:
        return f"{subject}: no case to compare."
    verdict = {
        "equivalent": f"Dice on real and synthetic images is equivalent (margin {_number(margin)})",
        "different": f"Dice on real and synthetic images differs beyond {_number(margin)}",
    }.get(found["verdict"], f"undecided whether Dice is equivalent (margin {_number(margin)})")
    interval = f", 90 % interval {_interval(found['ci90'])}" if found["ci90"] else ""
    reason = f" Reason: {_text(found['reason'])}." if found["reason"] else ""
    gap = _number(found["difference"], signed=True)
    return f"{subject}: {verdict}; real minus synthetic {gap}{interval}.{reason}"


def _score(score: Body) -> str:
    if score["value"] is None:
        return f"Score {_text(score['definition'])}: undefined, {_text(score['reason'])}."
    interval = f" ({_interval(score['ci'], digits=1)})" if score["ci"] else ""
    weakest = score["weakest"]
    part = _number(score["parts"][weakest])
    return (
        f"Score {_text(score['definition'])}: <strong>{_number(score['value'], digits=1)}"
        f"</strong> of 100{interval}. Weakest part: {PARTS[weakest]}, {part} of 1."
    )


def _figures(answer: Body) -> Iterator[str]:
    equivalence = answer["equivalence"]
    rows = [(region, found) for region, found in equivalence["regions"].items()]
    rows.append(("all regions", equivalence["overall"]))
    marks = [
        (name, found["difference"], found["ci90"], None, VERDICTS[found["verdict"]])
        for name, found in rows
    ]
    margin = equivalence["margin"]
    yield "<h2>Differences and what chance pairing would give</h2>"
    yield _figure(
        _plot(marks, band=(-margin, margin), zero=True),
        f"Real minus synthetic Dice with its 90 % interval; the shaded band is the margin ±"
        f"{margin:g}. Equivalent: the whole interval lies in the band.",
    )
    t4, beside = answer["factors"]["t4"], answer["companions"]["t4"]
    yield _figure(
        _plot(
            [
                (region, leaf["value"], leaf["ci"], beside[region]["shuffled"], "")
                for region, leaf in t4.items()
            ],
            zero=False,
        ),
        "T4, the mean absolute difference case by case (lower is better), with its interval. The "
        "open square is what T4 would be if pairing meant nothing.",
    )


Mark = tuple[str, float | None, Sequence[float] | None, float | None, str]


def _plot(marks: Sequence[Mark], *, band: tuple[float, float] | None = None, zero: bool) -> str:
    """Points with intervals on one axis, a row for each name."""
    reach = [0.0, *(band or ())]
    for _, value, interval, other, _ in marks:
        reach += [x for x in (value, *(interval or ()), other) if x is not None]
    low, high = min(reach), max(reach)
    pad = 0.06 * (high - low) or 0.01
    low, high = low - (pad if zero else 0), high + pad

    def x(value: float) -> float:
        place: float = _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)
        return round(place, 1)

    bottom = _TOP + _ROW * len(marks)
    parts = [f'<line x1="{_LEFT}" y1="{bottom}" x2="{_WIDTH - _RIGHT}" y2="{bottom}" {_LINE}/>']
    if band:
        left, right = map(x, band)
        parts.insert(0, _rectangle(left, _TOP - 6, right - left, bottom - _TOP + 6))
    parts += [_tick(x(at), bottom, at) for at in _ticks(low, high)]
    if zero:
        parts.append(
            f'<line x1="{x(0)}" y1="{_TOP - 6}" x2="{x(0)}" y2="{bottom}" stroke="#1b1f24" '
            'stroke-dasharray="3 3"/>'
        )
    for index, mark in enumerate(marks):
        parts += _mark(mark, _TOP + _ROW * (index + 0.5), x)
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {bottom + 26}" aria-hidden="true">{body}</svg>'


def _rectangle(left: float, top: float, width: float, height: float) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{round(width, 1)}" height="{height}" fill="#d9e6f2"/>'
    )


def _tick(x: float, y: float, value: float) -> str:
    line = f'<line x1="{x}" y1="{y}" x2="{x}" y2="{y + 5}" {_LINE}/>'
    return line + f'<text x="{x}" y="{y + 19}" text-anchor="middle">{value:g}</text>'


def _mark(mark: Mark, y: float, x: Callable[[float], float]) -> Iterator[str]:
    name, value, interval, other, note = mark
    label = name if len(name) <= 14 else f"{name[:13]}…"
    yield f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{_text(label)}</text>'
    if interval:
        low, high = map(x, interval)
        yield f'<line x1="{low}" y1="{y}" x2="{high}" y2="{y}" stroke="#0b4f8a" stroke-width="3"/>'
    if value is not None:
        yield f'<circle cx="{x(value)}" cy="{y}" r="5.5" fill="#0b4f8a"/>'
    if other is not None:
        corner = f'x="{x(other) - 5}" y="{y - 5}" width="10" height="10"'
        yield f'<rect {corner} fill="#fff" stroke="#a33c00" stroke-width="2"/>'
    if note:
        yield f'<text x="{_WIDTH - _RIGHT + 10}" y="{y + 4}">{_text(note)}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers over the axis, three to seven of them."""
    for step in (s * 10.0**e for e in range(-6, 2) for s in (1, 2, 5)):
        first, last = -int(-low // step), int(high // step)
        if last - first <= 6:
            return [round(i * step, 8) for i in range(first, last + 1)]
    return [0.0]


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _tables(answer: Body) -> Iterator[str]:
    factors, beside = answer["factors"], answer["companions"]
    yield "<h2>Numbers</h2>"
    yield _table(
        ("on each test set", "real", "synthetic"),
        _by_side(factors, beside),
        f"With {100 * answer['policy']['confidence']:g} % intervals; ↑ higher is better, ↓ lower.",
    )
    yield _table(
        (
            "case by case",
            "T3 cosine ↑",
            "if shuffled",
            "concordance ↑",
            "T4 difference ↓",
            "if shuffled",
            "bias",
            "limits of agreement",
        ),
        (
            (
                _text(region),
                _leaf(factors["t3"][region], digits=4),
                _number(beside["t3"][region]["shuffled"], digits=4),
                _leaf(beside["t3"][region]["concordance"]),
                _leaf(factors["t4"][region]),
                _number(beside["t4"][region]["shuffled"]),
                _leaf(beside["t4"][region]["bias"]),
                _interval(beside["t4"][region]["limits"]),
            )
            for region in answer["regions"]
        ),
        "T3 is close to 1 even for unrelated scores: read it against the shuffled value.",
    )
    yield _table(
        ("part of the score", "value", "what it is"),
        (
            (name, _number(answer["score"]["parts"][name]), meaning)
            for name, meaning in PARTS.items()
        ),
        "Each from 0 to 1; the score is 100 times their geometric mean.",
    )
    yield _counts(answer["counts"])
    if answer["groups"]:
        yield _groups(answer["groups"])


def _by_side(factors: Body, beside: Body) -> Iterator[Sequence[str]]:
    sides = ("real", "synthetic")
    yield "T1 mean Dice ↑", *(_leaf(factors["t1"][side]) for side in sides)
    yield "T2 consistency over cases ↑", *(_leaf(factors["t2"][side]) for side in sides)
    for name, title in (("t2_regions", "over regions"), ("t2_within", "within cases")):
        yield f"consistency {title} ↑", *(_leaf(beside[name][side]) for side in sides)
    for region in factors["t4"]:
        leaves = (_leaf(factors["t5"][side][region]) for side in sides)
        yield f"T5 relative spread, {_text(region)} ↓", *leaves
        plain = (beside["t5"][side][region] for side in sides)
        yield f"mean, sd, IQR of Dice, {_text(region)}", *map(_moments, plain)


def _moments(found: Body) -> str:
    return ", ".join(_number(found[name]) for name in ("mean", "sd", "iqr"))


def _counts(counts: Body) -> str:
    head = ("region", "used", "dropped", "empty on both", "mixed", "Dice 0", "false positive")
    rows = (
        (
            _text(region),
            *(str(found[name]) for name in ("used", "dropped", "empty", "mixed")),
            *(
                f"{found[n]['real']} / {found[n]['synthetic']}"
                for n in ("missed", "false_positive")
            ),
        )
        for region, found in counts.items()
    )
    return _table(head, rows, "Cases; pairs of numbers are real / synthetic images.")


def _pair(found: Body) -> str:
    return f"{found['real']} / {found['synthetic']}"


def _groups(groups: Body) -> str:
    rows = (
        (_text(name), str(group["cases"]), *_group(group["factors"], group["reason"]))
        for name, group in groups.items()
    )
    return _table(("group", "cases", "T1 real ↑", "T1 synthetic ↑"), rows, "")


def _group(factors: Body | None, reason: str | None) -> tuple[str, str]:
    if factors is None:
        return _text(reason), ""
    return _leaf(factors["t1"]["real"]), _leaf(factors["t1"]["synthetic"])


def _settings(answer: Body) -> Iterator[str]:
    policy = ", ".join(f"{_text(name)} {_text(value)}" for name, value in answer["policy"].items())
    yield "<footer>"
    yield f"<p>Definition {_text(answer['definition'])} (Raja Babu et al., arXiv 2502.02076), "
    yield f"score {_text(answer['score']['definition'])}. Settings: {policy}.</p>"
    yield f"<p>Digest of the answer: {_text(answer['digest'])}</p><p>{NOTICE}</p></footer>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    words = f'<p class="soft caption">{caption}</p>' if caption else ""
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"
    return f'{words}<div class="wide">{table}</div>'


def _list(items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{_text(item)}</li>" for item in items]
    if lines:
        yield f"<ul>{''.join(lines)}</ul>"


def _leaf(leaf: Body, digits: int = 3) -> str:
    if leaf["value"] is None:
        return f"undefined: {_text(leaf['reason'])}"
    value = _number(leaf["value"], digits=digits)
    return (
        value + f'<span class="ci">{_interval(leaf["ci"], digits=digits) or "no interval"}</span>'
    )


def _interval(bounds: Sequence[float] | None, digits: int = 3) -> str:
    return "" if bounds is None else " to ".join(_number(x, digits=digits) for x in bounds)


def _number(value: float | None, *, digits: int = 3, signed: bool = False) -> str:
    if value is None:
        return "undefined"
    shown = f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")
    return f'<data value="{value!r}">{shown}</data>'


def _text(value: object) -> str:
    return escape(str(value), quote=True)
