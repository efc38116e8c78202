// The page of the API: samples go to this very server, and are copied by a button.

const HERE = document.querySelector("script[data-here]").dataset.here;
const COPIED_MS = 1500;
const said = document.querySelector("#said");

for (const figure of document.querySelectorAll(".code")) {
  const code = figure.querySelector("code");
  code.textContent = code.textContent.replaceAll(HERE, location.origin);
  figure.append(copyButton(code, figure.querySelector("figcaption").textContent));
}
addEventListener("hashchange", open);
open();

function copyButton(code, title) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.ariaLabel = `Copy: ${title}`;
  button.addEventListener("click", async () => {
    const copied = await copy(code);
    button.textContent = copied ? "Copied" : "Selected";
    said.textContent = `${button.textContent}: ${title}`;
    setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
  });
  return button;
}

// Over plain http, except from this machine, a page has no clipboard: then the text is selected.
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}

// What a link leads to is open.
function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target?.localName === "details") {
    target.open = true;
    target.scrollIntoView();
  }
}
