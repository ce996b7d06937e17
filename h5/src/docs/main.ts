import "swagger-ui-dist/swagger-ui.css"

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js"

SwaggerUI({
  dom_id: "#swagger",
  url: "/openapi.json",
  deepLinking: true,
  docExpansion: "none",
  persistAuthorization: false,
  // Otherwise the document would be sent to a validator elsewhere.
  validatorUrl: null,
})
