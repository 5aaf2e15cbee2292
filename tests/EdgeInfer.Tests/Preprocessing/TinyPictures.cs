namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Small pictures in the code, for tests that must run without Python.</summary>
internal static class TinyPictures
{
    /// <summary>24×16, red along x, green along y, blue along both; written by Pillow 9.4, quality 60, 4:2:0.</summary>
    public static readonly byte[] GradientJpeg = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//" +
        "2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASIAAhEBAxEB/8QA" +
        "FgABAQEAAAAAAAAAAAAAAAAABQAG/8QAGBAAAgMAAAAAAAAAAAAAAAAAAAMFIjH/xAAWAQEBAQAAAAAAAAAAAAAAAAAEAgb/xAAcEQABAwUAAAAAAAAAAAAA" +
        "AAAAAgMFBCEiMWH/2gAMAwEAAhEDEQA/AMaiOyokiOyo4iOyokiOypCHQtHJdA0R2VI1yI7KkLS7Y0jUljs//9k=");

    /// <summary>What Pillow decodes <see cref="GradientJpeg"/> to: RGB, rows without gaps.</summary>
    public static readonly byte[] GradientRgb = Convert.FromBase64String(
        "BQABCwIFEgUMGgYPIQUUKwQXNwUgRAQmTwMqWgIyZwM5cAM9eAFDfwJGiARNkwRToQNarAJitwRovgRvxAJ0zQF62QKB4AWHCgoKDw0OFxETHhEYJQ8bLg8f" +
        "Ow8mRg8sVA4zXw45aw9CdQ5GfQxKhA1PjBFUlxFapQ1isA1ouQ9wwg91yQ190g2B3A6K4xGOCxoTER4XGCEcICIhJyElMSAqPSAySCA4VR49YB5CbR5Ldh5Q" +
        "fh1ThR1YjSFdmCFjpx5ssx5yuh96wx9+yh2G0x2L3h+T5CGXCSoZDi0dFjAjHTEmJi8sLy8xOzA4Ry8/Uy1EXy5Lay1SdC1XfStbhCxejC9kly9qpi1ysS15" +
        "uTCAwi+HyC2L0SyS3S2Z4jCeBDkdCjwhEj8oGUArIT0vKT00Nz07Qj1DTjxIWTxOZzxXbzxbeDpffztkhj1qkj5woDt3rDt9tT2EvD2KxDyQzDuW2Dyf3j+l" +
        "BEgjCUsnEU4tGE8wIE02KE07NU1AQExITExOV0tVZExcbkthdkplfUpphk1wkE12nkp8qUqCsk2Ju0yQw0uVy0qc1kuk3U6qBVgqClwuEl81GWA4IV49K11C" +
        "OF5JQ11QT1xVWltdZ1xkcFxod1psfltviF52k158oluDrVuLtl6RvV6YxFudzVuj11ys3l6xBWYwC2k0E206Gm49ImtAKmpFOGpNQ2tTT2pbWmpgaGpncGps" +
        "eWhwgGh1iGx7k2yBoWiIrGiPtmuWvWucxmmizWmp2Wmx32y3B3QzDXc3FXo+HHtDJXlHLXlLO3lURnlaUXdgXHdmandtcndxe3V1gnZ6inmBlXmHo3aNrnWV" +
        "uHibv3igyHamz3as23e14Hq7B4E4DIQ8FYdCHYdFJIZLLYZQOoZXRYZcUoVkXYVqaoZwdIR3e4J6goN+ioaFlYaLpISTr4SYuIafwYamyISr0YSy3IW64ofA" +
        "CZJADpZEGJhLH5lOJphTMZdYPZZeSJZkVJVrX5VxbZZ4dZV+fZSChJWFjJiMl5iSpZWYspSguZenwpatypWz0pS53ZbA5JjGCKFGDqRKFahQHalTJqZZLqZe" +
        "PKZkR6dqUqVxXaV3a6V/c6SEfKOIg6OLi6eRlqeXpKOesKSmt6aswKazx6S40aO/3KXF46fLA69JCLNNELZUF7dXILRcKbRhNrVoQbVuTrR1WrN7ZrSEb7SI" +
        "d7GLfrGQhrSXkbScoLKkq7KqtLWwu7W3w7O9zbLD1rPL3rbRA79RCMJVD8RZFsVeHsRiJsRnNMRvP8R1TcJ8WMKCZMOLbsKQdcGTfcGYg8ScjsSinsGrqcGx" +
        "ssS4usS8wsLEy8HJ1cPT3MXXBM9aCdJeEdZjGNZoINVsKtRxNtV5QdV/TtKGWdKLZtKUb9KZd9GdftKhhtWmkdWsn9G0q9G6s9TBvNTGw9LNzNLS1tPc3dXg" +
        "BtphDN1lFeBrHOFuJN90LN95Ot+ARd+HUd+NXt6Uat+bdN6getulgtyoid+ulN+0pN28r93BuN/Kv+DPyN3U0d3b297j4uHp");

    /// <summary>32×16 of noise in eight restart intervals (DRI 1, 4:4:4); written by libjpeg-turbo with TJ_RESTART=1B, quality 60.</summary>
    public static readonly byte[] RestartJpeg = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBD" +
        "AQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQACADAREAAhEBAxEB/8QAHwAAAQUB" +
        "AQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJico" +
        "KSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ" +
        "2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMi" +
        "MoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOk" +
        "paanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/90ABAAB/9oADAMBAAIRAxEAPwDi0sCcEKQCeCV4rnVVyMadezSP/9Dm" +
        "U0wgbSp2nuawST1R1UMTc//RyINLzgkNjH0A9elc6ouR7dHF22Z//9KrDpDBQQOCBjP1rNYTmdkj6yli9LbH/9OKDTcgfKpHbvXi0q1z5qnibK/U/9S/b6WGCsFU" +
        "gegNY0TxqeKfof/V21sBFwqktnp0xWNfHUcLLl3l/W/b7vWyMaWIvq2f/9bpI7CaQnLBcdl/z/nNeU8Viqy1la/bT8d/vZ2Ua8Vqj//Z");
}
