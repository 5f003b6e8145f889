"""The pages of `spikenas report` as a browser shows them.

    make page

makes pages of the golden records and looks at them in headless Chromium: on a desktop and a phone, in light and dark, on paper.
With `--keep DIR`, screenshots stay there.
"""

import argparse
import pathlib
import shutil
import subprocess
import tempfile

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[4]
RECORDS = ROOT / "crates/spikenas/tests/records/v1"
RUN = ["Architecture", "Search", "Memory", "Training", "Firing rates", "Operations and energy", "Run it again"]
STUDY = ["Results", "Accuracy against memory", "Memory against the budget", "Search time", "Learning curves", "Run it again"]
COMPARED = ["Runs", "Accuracy against memory", "Learning curves"]
TRAINED = ["Architecture", "Memory", "Training", "Samples", "Classes", "Most certain mistakes", "Firing rates", "Spikes over time", *RUN[5:]]
DEVICE = ["Architecture", "Search", *TRAINED[1:-1], "On a device", "Run it again"]
SEEDS = ["Runs", "Means over seeds", *COMPARED[1:]]
PAGES = {
    "run": ([RECORDS / "run"], RUN),
    "study": ([RECORDS / "study"], STUDY),
    "compared": ([RECORDS / "study/SpikeNAS_1C2O", RECORDS / "study/SpikeNAS_3C2O"], COMPARED),
    "trained": ([pathlib.Path("seed1")], TRAINED),
    "device": ([pathlib.Path("device")], DEVICE),
    "seeds": ([pathlib.Path("seed1"), pathlib.Path("seed2")], SEEDS),
}
VIEWS = {"desktop": (1280, "light"), "phone": (400, "light"), "dark": (1280, "dark")}
# A network that is trained in seconds.
TRAINING = "--widths 4,8 --epochs 2 --limit-train 100 --batch 20".split()


def same(found, expected, what):
    assert found == expected, f"{what}: {found!r}, expected {expected!r}"


def no_overflow(page, what):
    width, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= room, f"{what}: {width} pixels wide where there are {room}"


def nothing_is_cut(page, what):
    """No table is wider than its place, no word of a drawing reaches beyond it."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.wait_for_timeout(100)
    wide = "[...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth + 1).map(s => s.getAttribute('aria-label'))"
    same(page.evaluate(wide), [], f"{what}: tables that are cut")
    beyond = """[...document.querySelectorAll('svg text')].filter(text => {
        const [word, drawing] = [text, text.ownerSVGElement].map(e => e.getBoundingClientRect());
        return word.left < drawing.left - 1 || word.right > drawing.right + 1 || word.top < drawing.top - 1 || word.bottom > drawing.bottom + 1;
    }).map(text => text.textContent)"""
    same(page.evaluate(beyond), [], f"{what}: words that are cut")


def images_show(page, what):
    broken = "[...document.images].filter(image => !image.complete || image.naturalWidth === 0 || !image.alt).length"
    same(page.evaluate(broken), 0, f"{what}: images that do not show or have no words")


def open_page(browser, path, view, keep):
    width, scheme = VIEWS[view]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=view == "phone")
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or faults.append(request.url))
    page.goto(path.as_uri())
    page.screenshot(path=keep / f"{path.stem}-{view}.png", full_page=True)
    same(faults, [], f"{path.name}, {view}: console and network")
    no_overflow(page, f"{path.name}, {view}")
    nothing_is_cut(page, f"{path.name}, {view}")
    images_show(page, f"{path.name}, {view}")
    return page


def figures_are_told(page, name):
    unnamed = "[...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') !== 'img' || !s.getAttribute('aria-label')).length"
    same(page.evaluate(unnamed), 0, f"{name}: drawings without a text alternative")
    bare = "[...document.querySelectorAll('figure[id]')].filter(f => !f.querySelector('tbody tr')).length"
    same(page.evaluate(bare), 0, f"{name}: figures without their numbers")


def tables_sort(page, name):
    table = page.locator("table").first
    head = table.locator("th.number button").first
    column = "rows => rows.map(row => Number(row.querySelector('td.number').dataset.n))"
    for descending in (False, True):
        head.click()
        values = table.locator("tbody tr").evaluate_all(column)
        assert len(values) > 1, f"{name}: the first table has {len(values)} rows"
        same(values, sorted(values, reverse=descending), f"{name}: sorted, descending {descending}")
    same(head.locator("xpath=..").get_attribute("aria-sort"), "descending", f"{name}: aria-sort")


def values_show(page, name, touch):
    # The last mark lies on top.
    mark = page.locator("figure[id]").first.locator(".mark").last
    words = mark.locator("title").text_content()
    mark.scroll_into_view_if_needed()
    tip = page.locator("#tip")
    # Scrolling hides values a moment later, on a busy machine a longer one: until they stay.
    for _ in range(20):
        page.wait_for_timeout(200)
        box = mark.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        if touch:
            page.touchscreen.tap(*middle)
        else:
            page.mouse.move(0, 0)
            page.mouse.move(*middle)
        if tip.is_visible():
            break
    assert tip.is_visible(), f"{name}: no value is shown"
    same(tip.text_content(), words, f"{name}: the value of a mark")
    edges = tip.bounding_box()
    assert edges["x"] >= 0 and edges["x"] + edges["width"] <= page.viewport_size["width"], f"{name}: the value is cut off"


def colours_follow(light, dark, name):
    colours = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.mark')).fill]"
    for one, other in zip(light.evaluate(colours), dark.evaluate(colours)):
        assert one != other, f"{name}: {one} in light and dark"


def paper(page, name, keep):
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size({"width": 720, "height": 1000})
    no_overflow(page, f"{name} on paper")
    page.pdf(path=keep / f"{name}.pdf", format="A4")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/spikenas")
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    assert chromium, "there is no Chromium here (Debian: apt-get install chromium)"
    checks = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        keep = arguments.keep or pathlib.Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        # As root, Chromium's sandbox does not start; the pages are our own.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        program = arguments.program.resolve()

        def run(*words):
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([program, *words], check=True, cwd=folder, **quiet)

        for seed in ("1", "2"):
            run("train", "--arch", "0313 0031 0003 0000", *TRAINING, "--seed", seed, "--out", f"seed{seed}")
            run("evaluate", f"seed{seed}")
        small = ["--epochs", "2", "--limit-train", "100", "--batch", "20"]
        run("run", "--flash", "64KiB", "--ram", "32KiB", "--finalists", "0", *small, "--out", "device")
        for name, (runs, sections) in PAGES.items():
            path = pathlib.Path(folder) / f"{name}.html"
            run("report", *runs, "--out", path)
            assert path.stat().st_size < 2_000_000, f"{path.name} has {path.stat().st_size} bytes"
            pages = {view: open_page(browser, path, view, keep) for view in VIEWS}
            for view in ("desktop", "phone"):
                same(pages[view].locator("h2").all_text_contents(), sections, f"{name}, {view}: sections")
            figures_are_told(pages["desktop"], name)
            values_show(pages["desktop"], name, touch=False)
            values_show(pages["phone"], name, touch=True)
            tables_sort(pages["desktop"], name)
            colours_follow(pages["desktop"], pages["dark"], name)
            paper(pages["desktop"], name, keep)
            checks += 1
        browser.close()
    print(f"{checks} pages: sections, figures, values, sorting, colours, paper, images, nothing cut, no console message")


if __name__ == "__main__":
    main()
