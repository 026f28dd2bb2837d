// metav1.MicroTime.

export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z")
}
