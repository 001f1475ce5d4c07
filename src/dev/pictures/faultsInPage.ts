/** Runs in the page: what is cut off, lies over something else, is wider than the page, or says nothing. */
export const FAULTS_IN_PAGE = `(() => {
  const faults = [];
  const page = document.documentElement;
  if (page.tagName === "HTML" && page.scrollWidth > innerWidth) faults.push("the page is " + page.scrollWidth + " pixels wide");
  const drawings = page.tagName === "svg" ? [page] : [...document.querySelectorAll("svg")];
  for (const svg of drawings) {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) continue;
    const words = [...svg.querySelectorAll("text")].map((text) => ({ said: text.textContent, box: text.getBoundingClientRect() }));
    for (const { said, box } of words) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        faults.push("cut off: " + said);
    }
    const rows = words.toSorted((a, b) => a.box.top - b.box.top);
    rows.forEach(({ said, box }, i) => {
      for (let j = i + 1; j < rows.length && rows[j].box.top < box.bottom - 3; j++) {
        const other = rows[j].box;
        if (box.left < other.right - 1 && other.left < box.right - 1) faults.push("over each other: " + said + " | " + rows[j].said);
      }
    });
    if (svg.getAttribute("aria-label") === null) faults.push("a drawing has no label");
  }
  if (document.querySelectorAll("svg title").length === 0 && !document.querySelector("title")) faults.push("nothing is said under the pointer");
  return faults.slice(0, 20);
})()`;
