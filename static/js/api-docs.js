// The API's own page: Swagger UI, which sends the form's token along so that "Try it out" works when signed in.
const docs = document.getElementById("docs");

// As everywhere: the theme that was chosen, else the system's.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const dress = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
system.addEventListener("change", dress);
dress();

window.SwaggerUIBundle({
  url: docs.dataset.address,
  domNode: docs,
  docExpansion: "none", // to draw every operation takes seconds; whoever wants one opens its room
  validatorUrl: null, // it would send the address to somebody else's server
  presets: [window.SwaggerUIBundle.presets.apis],
  requestInterceptor: (request) => {
    if (request.method !== "GET") request.headers["X-CSRFToken"] = docs.dataset.csrf;
    return request;
  },
});
