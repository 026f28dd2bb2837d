/** Something about this machine or its arguments keeps the image from being built: told in one line. */
export class ImageProblem extends Error {
  override readonly name = "ImageProblem"
}
