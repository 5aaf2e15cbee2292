namespace EdgeInfer.Preprocessing.Annotation;
internal readonly record struct AnnotatedBox(string Label, float Score, float X, float Y, float Width, float Height, int Colour);
internal static class PictureAnnotator
{
    public static void Save(DecodedPicture picture, System.Collections.Generic.IReadOnlyList<AnnotatedBox> boxes, string path) => _ = (picture, boxes, path);
}
