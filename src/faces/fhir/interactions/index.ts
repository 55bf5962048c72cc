import type { Interaction } from '../interaction';
import { bundle } from '../bundles';
import { create } from './create';
import { remove, removeMatching } from './delete';
import { history } from './history';
import { patch, patchMatching } from './patch';
import { read, vread } from './read';
import { search, searchCompartment } from './search';
import { update, updateMatching } from './update';

const READ = { interaction: 'read', action: 'R' } as const;
const SEARCH = { interaction: 'search', action: 'E' } as const;
const HISTORY = { interaction: 'history', action: 'R' } as const;
const UPDATE = { interaction: 'update', action: 'U' } as const;
const PATCH = { interaction: 'patch', action: 'U' } as const;
/** How much of the resource is shown. */
const SHAPE = ['_summary', '_elements'] as const;
const DELETE = { interaction: 'delete', action: 'D' } as const;

/** Every RESTful interaction of this server, but `capabilities` which is open. https://hl7.org/fhir/R4/http.html */
export const INTERACTIONS: readonly Interaction[] = [
  {
    method: 'POST',
    path: '',
    code: 'transaction',
    audit: { interaction: 'transaction', action: 'E' },
    parameters: [],
    handle: bundle,
  },
  { method: 'GET', path: '', code: 'search-system', audit: SEARCH, handle: search },
  { method: 'GET', path: '_search', audit: SEARCH, handle: search },
  { method: 'POST', path: '_search', audit: SEARCH, handle: search },
  { method: 'GET', path: '_history', code: 'history-system', audit: HISTORY, handle: history },
  { method: 'GET', path: ':type', code: 'search-type', audit: SEARCH, permission: 's', handle: search },
  { method: 'POST', path: ':type/_search', audit: SEARCH, permission: 's', handle: search },
  {
    method: 'POST',
    path: ':type',
    code: 'create',
    audit: { interaction: 'create', action: 'C' },
    permission: 'c',
    parameters: [],
    handle: create,
  },
  { method: 'PUT', path: ':type', audit: UPDATE, handle: updateMatching },
  { method: 'PATCH', path: ':type', audit: PATCH, permission: 'u', handle: patchMatching },
  { method: 'DELETE', path: ':type', audit: DELETE, permission: 'd', handle: removeMatching },
  {
    method: 'GET',
    path: ':type/_history',
    code: 'history-type',
    audit: HISTORY,
    permission: 'r',
    handle: history,
  },
  {
    method: 'GET',
    path: ':type/:id',
    code: 'read',
    audit: READ,
    permission: 'r',
    parameters: SHAPE,
    handle: read,
  },
  { method: 'PUT', path: ':type/:id', code: 'update', audit: UPDATE, parameters: [], handle: update },
  {
    method: 'PATCH',
    path: ':type/:id',
    code: 'patch',
    audit: PATCH,
    permission: 'u',
    parameters: [],
    handle: patch,
  },
  {
    method: 'DELETE',
    path: ':type/:id',
    code: 'delete',
    audit: DELETE,
    permission: 'd',
    parameters: [],
    handle: remove,
  },
  {
    method: 'GET',
    path: ':type/:id/_history',
    code: 'history-instance',
    audit: HISTORY,
    permission: 'r',
    handle: history,
  },
  {
    method: 'GET',
    path: ':type/:id/_history/:version',
    code: 'vread',
    audit: { interaction: 'vread', action: 'R' },
    permission: 'r',
    parameters: SHAPE,
    handle: vread,
  },
  { method: 'GET', path: ':type/:id/:member', audit: SEARCH, permission: 'r', handle: searchCompartment },
  {
    method: 'POST',
    path: ':type/:id/:member/_search',
    audit: SEARCH,
    permission: 'r',
    handle: searchCompartment,
  },
];
