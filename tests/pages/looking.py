"""What is asked of a page in the browser: by axe, at 200 % zoom, and with the keyboard alone."""

from playwright.sync_api import Page

from biobank.pages.build_assets import MODULES

AXE = MODULES / "axe-core/axe.min.js"
"""The script of axe, which a context runs in each page: sending it to each one takes a third of the time."""

# Rows after the fifth are like those before them: asking of each would take most of the time.
_AXE = """async (asked) => (await axe.run(
    { exclude: ["tbody > tr", ".tree li", ".timeline > *"].map((each) => [`${each}:nth-child(n + 6)`]) },
    { preload: false, resultTypes: ["violations"], ...asked },
  )).violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => [each.id, ...each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))].join(" | "))"""

# What axe never finds worse than moderate, and what a theme or a language can change.
_MILD = (
    "region",
    "heading-order",
    "landmark-unique",
    "landmark-one-main",
    "page-has-heading-one",
    "empty-heading",
)
_ALL = {"rules": {rule: {"enabled": False} for rule in _MILD}}

_TOLD = """const told = (each) => `<${each.tagName.toLowerCase()} class="${each.getAttribute("class")}"> `
  + (each.textContent || each.getAttribute("name") || "").trim().replace(/\\s+/g, " ").slice(0, 60);
  const seen = (each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && each.getBoundingClientRect().width > 1 && !each.closest(".visually-hidden, .skip-link");"""

# What is drawn over another thing on purpose: the key on the find box, the arrow on a branch of the tree.
_CROWDED = f"""() => {{
  {_TOLD}
  const found = [];
  const root = document.documentElement;
  const within = (each) => {{ // what is to be seen of it in whatever scrolls around it
    let {{ left, top, right, bottom }} = each.getBoundingClientRect();
    for (let around = each.parentElement; around !== document.body; around = around.parentElement) {{
      if (getComputedStyle(around).overflow === "visible") continue;
      const held = around.getBoundingClientRect();
      [left, top] = [Math.max(left, held.left), Math.max(top, held.top)];
      [right, bottom] = [Math.min(right, held.right), Math.min(bottom, held.bottom)];
    }}
    return {{ left, top, right, bottom }};
  }};
  if (root.scrollWidth > root.clientWidth) {{
    const held = ".table-wrap, .map-frame, svg";
    const wide = [...document.querySelectorAll("body *")].filter((each) =>
      each.getBoundingClientRect().right > root.clientWidth + 1 && !each.closest(held));
    found.push(`scrolls sideways to ${{root.scrollWidth}}: ${{wide.slice(0, 2).map(told).join(", ")}}`);
  }}
  const parts = "h1, h2, h3, p, label, dt, dd, li, .btn, .badge, input, select, textarea, summary, a";
  const all = [...document.querySelectorAll(parts)].filter((each) =>
    seen(each) && !each.closest("svg, .tree, .map-link") && getComputedStyle(each).position !== "absolute"
    && getComputedStyle(each).display !== "contents" && each.getClientRects().length === 1);
  const boxes = all.map(within);
  for (let one = 0; one < all.length; one += 1)
    for (let other = one + 1; other < all.length; other += 1) {{
      const [a, b] = [boxes[one], boxes[other]];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 2 && !all[one].contains(all[other]) && !all[other].contains(all[one])
          && !all[one].closest("label")?.contains(all[other]))
        found.push(`overlap: ${{told(all[one])}} and ${{told(all[other])}}`);
    }}
  for (const each of document.querySelectorAll(".btn, .badge, h1, h2, th, .tool"))
    if (seen(each) && each.scrollWidth > each.clientWidth + 2 && getComputedStyle(each).display !== "inline")
      found.push(`runs out of its frame: ${{told(each)}}`);
  return found.slice(0, 8);
}}"""

# A cell of a map is drawn: its ring is the stroke of its rectangle. A choice with a picture shows it outside.
_UNFOCUSED = f"""() => {{
  {_TOLD}
  const look = (each) => {{
    const drawn = ["outline", "boxShadow", "stroke", "strokeWidth", "fill", "borderColor"];
    const of = (one) => one ? drawn.map((name) => getComputedStyle(one)[name]).join() : "";
    return [each, each.closest(".btn"), each.querySelector("rect, text")].map(of).join("; ");
  }};
  const found = [];
  const reached = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';
  for (const each of document.querySelectorAll(reached)) {{
    if (each.disabled || !each.checkVisibility({{ visibilityProperty: true }})) continue;
    document.activeElement?.blur?.();
    const before = look(each);
    each.focus({{ preventScroll: true, focusVisible: true }});
    if (document.activeElement !== each) found.push(`takes no focus: ${{told(each)}}`);
    else if (look(each) === before) found.push(`shows no focus: ${{told(each)}}`);
    if (each.tabIndex > 0) found.push(`out of order: ${{told(each)}}`);
  }}
  return found.slice(0, 8);
}}"""


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(_AXE, _ALL))


def crowded(page: Page) -> list[str]:
    """What overlaps, scrolls sideways or runs out of its frame on a desk's screen at 200 % zoom."""
    before = page.viewport_size
    page.set_viewport_size({"width": 640, "height": 400})
    found = list(page.evaluate(_CROWDED))
    if before:
        page.set_viewport_size(before)
    return found


def unfocused(page: Page) -> list[str]:
    """What the keyboard does not reach, or reaches without a sign of it."""
    return list(page.evaluate(_UNFOCUSED))


def helpless(page: Page) -> list[str]:
    """Whether a question mark brings no help."""
    page.evaluate("() => document.activeElement?.blur?.()")
    page.keyboard.press("?")
    page.locator("dialog[data-help]:modal").wait_for(timeout=30_000)
    page.keyboard.press("Escape")
    return []
