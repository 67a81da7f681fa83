// Each peer with the integration for it, and what a person does on its pages.
import * as emulate from "./emulate.mjs";
import * as provider from "./oidc-provider.mjs";
import { introduce } from "./connect.mjs";

/** At oidc-provider: logs in as `ada`, and consents. */
export const signIn = [{ click: "Sign-in", fill: { login: "ada", password: "any" } }, { click: "Continue" }];

/** In the emulated services: the one account there is. */
export const chooseAda = [{ click: "Ada Example" }];

export const oidcProvider = (coffer, options) =>
  introduce(coffer, {
    provider: "generic-oidc",
    client_id: "coffer",
    fields: (issuer) => ({ issuer }),
    serve: (where) => provider.serve({ ...options, ...where }),
  });

export const google = (coffer) =>
  introduce(coffer, {
    provider: "google",
    client_id: "coffer.apps.example.com",
    fields: (base_url) => ({ base_url }),
    serve: (where) => emulate.serve({ service: "google", ...where }),
  });

export const github = (coffer) =>
  introduce(coffer, {
    provider: "github",
    client_id: "Iv1.coffer",
    fields: (base_url) => ({ base_url, api_url: base_url }),
    serve: (where) => emulate.serve({ service: "github", ...where }),
  });
