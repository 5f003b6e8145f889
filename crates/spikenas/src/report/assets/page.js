"use strict";
// Values where a reader points at a mark, by mouse or finger.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
const show = (event) => {
    const title = event.target.closest(".mark")?.querySelector("title");
    const words = title ? title.textContent : event.target.closest(".mark")?.dataset.words;
    tip.hidden = !words;
    if (!words) return;
    if (title) {
        // The browser would show its own after a second.
        title.parentNode.dataset.words = words;
        title.remove();
    }
    tip.textContent = words;
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 10)}px`;
};
addEventListener("pointermove", show);
addEventListener("pointerdown", show);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

// A click on a head sorts by its column, another one the other way round.
for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
        const head = button.parentNode;
        const rows = head.closest("table").tBodies[0];
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const value = (row) => {
            const cell = row.cells[head.cellIndex];
            return "n" in cell.dataset ? Number(cell.dataset.n) : cell.textContent;
        };
        const order = (a, b) => {
            if (typeof a === "number" && typeof b === "number") return a - b;
            // What is not known stands at the end of numbers.
            if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
            return a.localeCompare(b, undefined, { numeric: true });
        };
        const sorted = [...rows.rows].sort((a, b) => order(value(a), value(b)));
        if (descending) sorted.reverse();
        rows.append(...sorted);
    });
}

// A table that is wider than its place is stacked: each row a list of names and values.
const fit = () => {
    const tables = [...document.querySelectorAll(".scroll table")];
    for (const table of tables) table.classList.remove("stacked");
    const wide = tables.filter((table) => table.scrollWidth > table.parentNode.clientWidth && table.parentNode.clientWidth > 0);
    for (const table of wide) {
        const names = [...table.tHead.rows[0].cells].map((head) => head.textContent);
        for (const row of table.tBodies[0].rows) {
            for (const cell of row.cells) cell.dataset.label = names[cell.cellIndex];
        }
        table.classList.add("stacked");
    }
};
addEventListener("resize", fit);
addEventListener("beforeprint", () => {
    for (const table of document.querySelectorAll(".stacked")) table.classList.remove("stacked");
});
addEventListener("afterprint", fit);
for (const numbers of document.querySelectorAll("details")) numbers.addEventListener("toggle", fit);

// Where there is room, the numbers stand beside their figure.
if (matchMedia("(min-width: 60rem)").matches) {
    for (const numbers of document.querySelectorAll("figure details")) numbers.open = true;
}
fit();
