/** The API viewer: Swagger UI on our own description, asking no one else. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./css/swagger.css";

const place = document.querySelector("[data-openapi]");
if (place instanceof HTMLElement) {
  SwaggerUI({
    domNode: place,
    url: place.dataset.openapi,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    requestInterceptor: (/** @type {any} */ request) => {
      const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content");
      if (token) request.headers["X-CSRF-Token"] = token;
      return request;
    },
  });
}
