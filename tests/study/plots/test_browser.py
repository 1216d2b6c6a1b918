"""The page in a real browser, at the width of a desk and of a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

from agnostic_init.study import Page, Stack, page_of, save, signal

matplotlib = pytest.importorskip("matplotlib")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(NAMES)}"),
]

# The page has no scripts and lets none run; this one looks at it from outside.
HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="border:0; width:WIDTHpx; height:8000px" srcdoc="PAGE"></iframe>
<pre id="found"></pre><script>
document.getElementById("page").onload = event => {
  const page = event.target.contentDocument, root = page.documentElement;
  document.getElementById("found").textContent = JSON.stringify({
    heading: page.querySelector("h1").innerText,
    width: root.scrollWidth,
    text: getComputedStyle(page.querySelector("li")).fontSize,
    pictures: [...page.images].map(each => ({
      loaded: each.complete && each.naturalWidth > 0, ratio: each.naturalWidth / each.naturalHeight,
      shown: each.getBoundingClientRect().width, alternative: each.alt})),
    tables: [...page.querySelectorAll("table")].map(each => each.rows.length),
  });
};
</script>"""


def browse(*arguments):
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    networks = [
        Stack(depth=4, width=8, initializer=each) for each in ("he_normal", "glorot_normal")
    ]
    found = [signal(each, key=0, examples=4) for each in networks]
    page = page_of(found)
    # Three of its pictures: drawing takes long.
    pictures = page.pictures[0], page.pictures[5], page.pictures[-1]
    page = Page(page.title, page.summary, page.findings, pictures, page.tables)
    return save(page, tmp_path_factory.mktemp("report") / "report.html")


@pytest.mark.parametrize("width", [1280, 390])
def test_all_of_it_is_there_and_fits(report, width, tmp_path):
    inside = html.escape(report.read_text(encoding="utf-8"), quote=True)
    harness = tmp_path / "harness.html"
    harness.write_text(
        HARNESS.replace("WIDTH", str(width)).replace("PAGE", inside), encoding="utf-8"
    )
    dom = browse("--virtual-time-budget=10000", "--dump-dom", harness.as_uri())
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)[1]))
    assert found["heading"] == "Signals in 2 networks"
    assert found["width"] <= width, "it has to be scrolled sideways"
    assert float(found["text"].removesuffix("px")) >= 14
    assert len(found["pictures"]) == 3
    for each in found["pictures"]:
        assert each["loaded"]
        assert each["alternative"]
        assert each["shown"] <= width
    # A phone is given the narrow pictures, whose letters are as large there as those of the text.
    first = found["pictures"][0]
    assert (first["ratio"] < 1.4) == (width == 390)
    assert first["shown"] > 0.8 * min(width, 700)
    assert found["tables"] == [6, 6]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_screenshot_shows_words_and_curves(report, width, tmp_path):
    from matplotlib.image import imread

    shot = tmp_path / "shot.png"
    browse(f"--window-size={width},1600", f"--screenshot={shot}", report.as_uri())
    image = imread(shot)[:, :, :3]
    assert image.shape[:2] == (1600, width)
    assert image[:, 0].mean() > 0.99, "a white margin"
    blue = abs(image - [0x00 / 255, 0x72 / 255, 0xB2 / 255]).max(axis=2) < 0.05
    red = abs(image - [0xD5 / 255, 0x5E / 255, 0x00 / 255]).max(axis=2) < 0.05
    assert blue.sum() > 200
    assert red.sum() > 200
    dark = image.max(axis=2) < 0.4
    assert 0.002 < dark[:600].mean() < 0.3, "words at the top"
