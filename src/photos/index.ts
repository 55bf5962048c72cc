/** Clinical photos of patients. Dermifi, "Upload patient photos", "Get patient photos". */
export { fileSize, photoMapping } from './mapping';
export {
  createPhotos,
  type NewPhoto,
  type PhotoFile,
  type PhotoFilter,
  type Photos,
  type PhotoView,
} from './service';
