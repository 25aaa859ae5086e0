// Trees of [tag, attributes, children] as elements. What is there already and still right is left as it stands, with the
// reader's selection in it; words are text nodes, and no attribute comes from anywhere but the tree.

// The children of `parent` from number `from` on become `tree`.
export function draw(parent, tree, from = 0) {
  tree.forEach((node, n) => {
    const there = parent.childNodes[from + n];
    if (there && isSame(there, node)) update(there, node);
    else if (there) there.replaceWith(made(node));
    else parent.append(made(node));
  });
  while (parent.childNodes.length > from + tree.length) parent.lastChild.remove();
}

function isSame(there, node) {
  if (typeof node === "string") return there.nodeType === Node.TEXT_NODE;
  return there.localName === node[0];
}

function update(there, node) {
  if (typeof node === "string") return type(there, node);
  const [, attributes, children] = node;
  for (const { name } of [...there.attributes]) if (!(name in attributes)) there.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  draw(there, children);
}

// Appending to a text node keeps what is selected in it.
function type(there, text) {
  if (text.length > there.data.length && text.startsWith(there.data)) there.appendData(text.slice(there.data.length));
  else if (there.data !== text) there.data = text;
}

function made(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const [tag, attributes, children] = node;
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) element.append(made(child));
  return element;
}

// `html` is the server's, which has cleaned it. Blocks that are the same already are not touched.
export function settle(parent, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = [...template.content.childNodes];
  fresh.forEach((node, n) => {
    const there = parent.childNodes[n];
    if (!there) parent.append(node);
    else if (!there.isEqualNode(node)) there.replaceWith(node);
  });
  while (parent.childNodes.length > fresh.length) parent.lastChild.remove();
}
