// The checks of the implicit and hybrid certification plans and of their form_post forms, over every
// response type that answers with a token from the authorization endpoint.
import { runPlan } from '../support/suite_modules.mjs';

const IMPLICIT = ['id_token', 'id_token token'].map((responseType) => ({ responseType }));
const HYBRID = ['code id_token', 'code token', 'code id_token token'].map((responseType) => ({ responseType }));
const byPost = (variants) => variants.map((variant) => ({ ...variant, responseMode: 'form_post' }));

runPlan('implicit', IMPLICIT, { backends: ['sqlite'] });
runPlan('hybrid', HYBRID);
runPlan('form_post implicit', byPost(IMPLICIT), { backends: ['sqlite'] });
runPlan('form_post hybrid', byPost(HYBRID), { backends: ['sqlite'] });
