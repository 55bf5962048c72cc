import { ProblemError } from '../../fhir';
import type { Route } from '../../http';
import { permissionsOf, ROLES } from '../../identity';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

/** Everybody who reads the record of a clinic; writing and sending go through `/v1`. */
const READERS = ROLES.filter((role) => permissionsOf(role).includes('read'));

/** A prescription on a page of its own: the Dermifi document has lists of them alone. */
export function prescriptionRoutes({ prescriptions }: PortalServices): Route[] {
  return [
    portalRoute({
      method: 'get',
      path: '/prescriptions/:id',
      interaction: 'read',
      action: 'R',
      roles: READERS,
      handle: async ({ x, params }) => {
        const [, id] = /^rx_([A-Za-z0-9\-.]{1,64})$/.exec(params['id'] ?? '') ?? [];
        if (id === undefined) throw new ProblemError('not-found', 'Prescription not found');
        x.audit.resources = [`MedicationRequest/${id}`];
        const { view, resources, patients } = await prescriptions.show(x.principal.viewer, id);
        Object.assign(x.audit, { resources, patients });
        return { status: 200, body: view };
      },
    }),
  ];
}
