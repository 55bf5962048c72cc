import { ProblemError } from '../../../fhir';
import { eyes } from '../access';
import type { Handler, Operation } from '../interaction';
import { target } from '../target';
import { readInputs } from './inputs';

/** How far the reindex behind a posted SearchParameter is. Decisions, "FHIR / Refusals". */
const status: Handler = async (context, request) => {
  readInputs(request, []);
  const { type, id } = target(request);
  const found = await request.records.read(eyes(context, request, 'r'), type, id);
  if (found === undefined || found.deleted)
    throw new ProblemError('not-found', 'There is no SearchParameter with this id.');
  const job = await context.searchParameters.status(id);
  return {
    status: 200,
    resource: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'state', valueCode: job?.state ?? 'done' },
        ...(job?.types ?? []).map(({ type: name, done, finished }) => ({
          name: 'type',
          part: [
            { name: 'type', valueCode: name },
            { name: 'done', valueUnsignedInt: done },
            { name: 'finished', valueBoolean: finished },
          ],
        })),
      ],
    },
  };
};

export const REINDEX: readonly Operation[] = [
  {
    name: 'status',
    definition: 'https://crosswalk.example/fhir/OperationDefinition/SearchParameter-status',
    system: false,
    types: ['SearchParameter'],
    type: false,
    instance: true,
    safe: true,
    permission: 'r',
    handle: status,
  },
];
