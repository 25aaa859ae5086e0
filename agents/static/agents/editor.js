// <agent-editor> keeps what its sections change. A section that changed a field dispatches
//   new CustomEvent("draft:change", { bubbles: true, detail: { field, value } })
// and once that is saved "draft:saved" is dispatched on this element: detail { revision, content, faults, merged, conflicts }.

class AgentEditor extends HTMLElement {}

customElements.define("agent-editor", AgentEditor);
