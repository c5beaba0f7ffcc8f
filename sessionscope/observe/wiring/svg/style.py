"""The colours and fonts of the picture, light and dark."""

from typing import Final

from sessionscope.observe.wiring.graph import Lifetime

# For each lifetime: the lane, its border, and its lines and titles.
_LIGHT: Final = {
    Lifetime.PROCESS: ("#f0f6fd", "#d2e3f6", "#2563a8"),
    Lifetime.THREAD: ("#f6f1fc", "#e2d5f4", "#7342ac"),
    Lifetime.CONTEXT: ("#fcf1f7", "#f3d3e4", "#a83472"),
    Lifetime.SCOPE: ("#eff9f3", "#cdebd9", "#17764b"),
    Lifetime.CALL: ("#fef7ec", "#f5e1bd", "#935c0b"),
}
_DARK: Final = {
    Lifetime.PROCESS: ("#121d2b", "#1f3550", "#79b4f2"),
    Lifetime.THREAD: ("#1d1729", "#3a2b54", "#bf9bf0"),
    Lifetime.CONTEXT: ("#27151f", "#4e2a3f", "#f097c4"),
    Lifetime.SCOPE: ("#10211a", "#1d4231", "#62cf9a"),
    Lifetime.CALL: ("#241c10", "#4a3a1d", "#e8b65c"),
}

# No font is fetched. Every class begins with "w-", so that the picture can be part of a page.
_RULES: Final = """
.wiring text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.wiring .w-name, .wiring .w-detail {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  text-anchor: middle;
}
.wiring .w-name { font-size: 12px; font-weight: 600; fill: var(--w-text); }
.wiring .w-detail { font-size: 10.5px; fill: var(--w-muted); }
.wiring .w-title { font-size: 19px; font-weight: 650; fill: var(--w-text); }
.wiring .w-small { font-size: 12px; fill: var(--w-muted); }
.wiring .w-paper { fill: var(--w-paper); }
.wiring .w-lane { fill: var(--w-lane); stroke: var(--w-border); }
.wiring .w-lane-title { font-size: 13px; font-weight: 650; fill: var(--w-colour); }
.wiring .w-over { paint-order: stroke; stroke: var(--w-lane); stroke-width: 6px; stroke-linejoin: round; }
.wiring .w-frame { fill: none; stroke: var(--w-colour); stroke-opacity: .45; stroke-dasharray: 2 4; }
.wiring .w-frame-title { font-size: 11.5px; font-weight: 600; fill: var(--w-colour); }
.wiring .w-box { fill: var(--w-box); stroke: var(--w-colour); stroke-width: 1.25; }
.wiring .w-overridden .w-box { stroke-width: 2; stroke-dasharray: 6 3; }
.wiring .w-overridden .w-detail { font-weight: 600; fill: var(--w-colour); }
.wiring .w-line { fill: none; stroke: var(--w-colour); stroke-width: 1.4; }
.wiring .w-provider { stroke-dasharray: 5 4; }
.wiring .w-arrow { fill: var(--w-colour); }
""".strip()


def style() -> str:
    """Return the style sheet of the picture."""
    light = _colours(_LIGHT, paper="#ffffff", box="#ffffff", text="#17202b", muted="#566273")
    dark = _colours(_DARK, paper="#0d1117", box="#161d27", text="#e7edf4", muted="#9dabbb")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{_RULES}"


def _colours(lanes: dict[Lifetime, tuple[str, str, str]], *, paper: str, box: str, text: str, muted: str) -> str:
    lines = [f".wiring {{ --w-paper: {paper}; --w-box: {box}; --w-text: {text}; --w-muted: {muted}; }}"]
    lines.append(f".wiring .w-legend {{ --w-colour: {muted}; }}")
    lines += [
        f".wiring .w-{lifetime} {{ --w-lane: {lane}; --w-border: {border}; --w-colour: {colour}; }}"
        for lifetime, (lane, border, colour) in lanes.items()
    ]
    return "\n".join(lines)
