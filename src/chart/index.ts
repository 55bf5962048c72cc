/** What a dermatology practice keeps of its patients. Dermifi, "Patients API". */
export { historyOf, type HistoryRequest, NOT_ORDERED } from './history';
export { listPatients, type PatientListRequest } from './list';
export { readPatient } from './load';
export { chartCodecs, patientMapping, patientStatus } from './mapping';
export {
  createPatient,
  deactivatePatient,
  type PatientInput,
  type PatientView,
  showPatient,
  updatePatient,
  type Writing,
} from './patients';
export { createNote, type NewNote, noteMapping, noteRules, notesOf, type NoteView } from './notes';
export { patientAppointments } from './visit-times';
