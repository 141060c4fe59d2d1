// The checks of oidcc-basic-certification-test-plan and oidcc-formpost-basic-certification-test-plan: the
// code flow, for applications that registered themselves and for those that the operator registered; and
// oidcc-test-plan's ways of client authentication.
import { runPlan } from '../support/suite_modules.mjs';

runPlan('basic', [
  { responseType: 'code' },
  { responseType: 'code', registration: 'static' },
]);

runPlan('form_post basic', [
  { responseType: 'code', responseMode: 'form_post' },
], { backends: ['sqlite'] });

const WITH_AUTHENTICATION = ['oidcc-server', 'oidcc-codereuse', 'oidcc-refresh-token'];
runPlan('client authentication', ['client_secret_post', 'client_secret_jwt', 'private_key_jwt'].flatMap((authMethod) => [
  { responseType: 'code', authMethod },
  { responseType: 'code id_token', authMethod },
]), { modules: () => WITH_AUTHENTICATION, backends: ['sqlite'] });
