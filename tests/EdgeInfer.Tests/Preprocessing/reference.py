#!/usr/bin/python3
"""What OpenCV, Pillow and NumPy make of the pictures that the tests send: the outside reference of the preprocessing tests.

usage: reference.py. Each line that it reads is the path of a FOLDER: FOLDER/cases.json is a list of {"op": ..., ...}; the input of
case i is FOLDER/i.in and its result goes to FOLDER/i.out as raw bytes. It answers each with a line: "done", or what went wrong.
Prints "missing MODULE" and ends where a module is not installed.
"""
import json
import os
import sys
import traceback

try:
    import cv2
    import numpy as np
    from PIL import Image, ImageOps
except ModuleNotFoundError as e:
    print("missing", e.name, flush=True)
    sys.exit(3)


def bilinear_tf(picture, width, height):
    """TFLite's ResizeBilinear with align_corners and half_pixel_centers false, for uint8, as its reference kernel computes it.

    tensorflow/lite/kernels/internal/reference/resize_bilinear.h: float32 throughout, upper bound by ceil, the products in this
    order, and static_cast<T> of the sum, which for an integer type cuts the fraction off. (Releases since 2.5 have an optimised
    kernel for uint8 that adds a half first; examples/label_image resizes in float and casts to uint8, which cuts off too.)
    """
    rows, columns = picture.shape[:2]
    one = np.float32(1)
    y = np.arange(height, dtype=np.float32) * (np.float32(rows) / np.float32(height))
    x = np.arange(width, dtype=np.float32) * (np.float32(columns) / np.float32(width))
    y0 = np.floor(y).astype(int)
    x0 = np.floor(x).astype(int)
    y1 = np.minimum(np.ceil(y).astype(int), rows - 1)
    x1 = np.minimum(np.ceil(x).astype(int), columns - 1)
    fy = (y - y0.astype(np.float32))[:, None, None]
    fx = (x - x0.astype(np.float32))[None, :, None]
    p = picture.astype(np.float32)
    total = p[y0][:, x0] * (one - fy) * (one - fx) + p[y1][:, x0] * fy * (one - fx)
    total = total + p[y0][:, x1] * (one - fy) * fx + p[y1][:, x1] * fy * fx
    assert total.dtype == np.float32
    return total.astype(np.uint8)


def resize(case, data):
    picture = np.frombuffer(data, np.uint8).reshape(case["height"], case["width"], 3)
    size = (case["to_width"], case["to_height"])
    kernel = case["kernel"]
    if kernel == "BilinearAntialias":
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    if kernel == "BilinearTf":
        return bilinear_tf(picture, *size)
    if kernel == "Copy":
        return picture
    flag = {"Bilinear": cv2.INTER_LINEAR, "Area": cv2.INTER_AREA, "Nearest": cv2.INTER_NEAREST}[kernel]
    return cv2.resize(picture, size, interpolation=flag)


def convert_by_rule(data, layout, width, height, colour):
    """YUV to RGB in floats by the rule named, each chroma value repeated for the pixels that share it, rounded to bytes.

    Factors from ITU-R BT.601-7 and BT.709-6: Kr and Kb, and 219 and 224 steps where the range is limited.
    """
    flat = np.frombuffer(data, np.uint8)
    if layout == "Yuyv":
        packed = flat.reshape(height, width // 2, 4).astype(np.float64)
        y = packed[:, :, [0, 2]].reshape(height, width)
        u, v = (np.repeat(packed[:, :, i], 2, 1) for i in (1, 3))
    else:
        y = flat[: width * height].reshape(height, width).astype(np.float64)
        chroma = flat[width * height :].astype(np.float64)
        if layout == "Nv12":
            chroma = chroma.reshape(height // 2, width // 2, 2)
            u, v = chroma[:, :, 0], chroma[:, :, 1]
        else:
            u, v = chroma.reshape(2, height // 2, width // 2)
        u, v = (np.repeat(np.repeat(c, 2, 0), 2, 1) for c in (u, v))
    kr, kb = (0.299, 0.114) if colour.startswith("Bt601") else (0.2126, 0.0722)
    if colour.endswith("Limited"):
        y = np.maximum(y - 16, 0) * 255 / 219
        u, v = (u - 128) * 255 / 224, (v - 128) * 255 / 224
    else:
        u, v = u - 128, v - 128
    red = y + 2 * (1 - kr) * v
    blue = y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.rint(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)


def pixels_of(case, data):
    """What a frame shows, as stored, in RGB."""
    width, height, kind = case["width"], case["height"], case["format"]
    if kind in ("Yuyv", "Nv12", "I420"):
        return convert_by_rule(data, kind, width, height, case["colour"])
    if kind == "Jpeg":
        import io
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    if kind == "Gray8":
        return np.repeat(np.frombuffer(data, np.uint8).reshape(height, width, 1), 3, 2)
    picture = np.frombuffer(data, np.uint8).reshape(height, width, 3)
    return picture[:, :, ::-1] if kind == "Bgr24" else picture


def turn(case, data):
    """A frame upright by EXIF orientation, rotation, flip and crop, in that order, by NumPy; then resized. After it the upright size."""
    picture = pixels_of(case, data)
    for step in {1: "", 2: "h", 3: "hv", 4: "v", 5: "t", 6: "vt", 7: "thv", 8: "ht"}[case["exif"]]:
        picture = picture.transpose(1, 0, 2) if step == "t" else picture[::-1] if step == "v" else picture[:, ::-1]
    picture = np.rot90(picture, -case["rotate"] // 90)
    if case["mirrored"]:
        picture = picture[:, ::-1]
    if case["upside_down"]:
        picture = picture[::-1]
    if case["crop"]:
        rows, columns = picture.shape[:2]
        x, y, w, h = case["crop"]
        picture = picture[int(np.rint(y * rows)) : int(np.rint((y + h) * rows)), int(np.rint(x * columns)) : int(np.rint((x + w) * columns))]
    picture = np.ascontiguousarray(picture)
    size = np.array([picture.shape[1], picture.shape[0]], np.int32).tobytes()
    inner = {"kernel": case["kernel"], "to_width": case["to_width"], "to_height": case["to_height"], "width": picture.shape[1], "height": picture.shape[0]}
    return np.frombuffer(size + resize(inner, picture.tobytes()).tobytes(), np.uint8)


def convert(case, data):
    """YUV to RGB by cvtColor."""
    flat = np.frombuffer(data, np.uint8)
    width, height = case["width"], case["height"]
    if case["format"] == "Yuyv":
        return cv2.cvtColor(flat.reshape(height, width, 2), cv2.COLOR_YUV2RGB_YUYV)
    code = {"Nv12": cv2.COLOR_YUV2RGB_NV12, "I420": cv2.COLOR_YUV2RGB_I420}[case["format"]]
    return cv2.cvtColor(flat.reshape(height * 3 // 2, width), code)


def decode(case, data):
    """A picture file as Pillow reads it, upright, in RGB; empty where Pillow refuses it."""
    import io
    from PIL import ImageFile
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    except Exception:
        return np.zeros((0, 0, 3), np.uint8)
    header = np.array([picture.width, picture.height], np.int32).tobytes()
    return np.frombuffer(header + np.asarray(picture).tobytes(), np.uint8)


def encode(case, data):
    """A JPEG with the EXIF orientation asked for, by Pillow."""
    import io
    picture = Image.fromarray(np.frombuffer(data, np.uint8).reshape(case["height"], case["width"], 3))
    if case.get("mode"):
        picture = picture.convert(case["mode"])
    exif = Image.Exif()
    if case.get("orientation"):
        exif[0x0112] = case["orientation"]
    out = io.BytesIO()
    picture.save(out, case.get("kind", "JPEG"), quality=90, exif=exif, **case.get("options", {}))
    file = out.getvalue()
    if case.get("rename"):
        # Components named R, G, B and no JFIF marker: libjpeg then applies no colour conversion.
        file = file[:2] + file[4 + int.from_bytes(file[4:6], "big") :]
        frame, scan = file.index(b"\xff\xc0"), file.index(b"\xff\xda")
        file = bytearray(file)
        for i, name in enumerate(b"RGB"):
            file[frame + 10 + 3 * i] = name
            file[scan + 5 + 2 * i] = name
        file = bytes(file)
    return np.frombuffer(file, np.uint8)


def tensor(case, data):
    """Normalisation, float16 and quantisation in NumPy's float32, from NHWC pixels."""
    f = np.float32
    picture = np.frombuffer(data, np.uint8).reshape(case["height"], case["width"], 3)
    if case["color"] == "Bgr":
        picture = picture[:, :, ::-1]
    x = (picture.astype(f) * f(case["scale"]) - np.array(case["mean"], f)) / np.array(case["std"], f)
    if case["layout"] == "Nchw":
        x = x.transpose(2, 0, 1)
    kind = case["type"]
    if kind == "Float32":
        return np.ascontiguousarray(x)
    if kind == "Float16":
        return np.ascontiguousarray(x.astype(np.float16))
    low, high, stored = (0, 255, np.uint8) if kind == "UInt8" else (-128, 127, np.int8)
    return np.ascontiguousarray(np.clip(np.rint(x / f(case["s"])) + case["z"], low, high).astype(stored))


def scaled_size(mode, width, height, to_width, to_height):
    """Scaled size and corner, in the arithmetic of Ultralytics' LetterBox, YOLOX' preproc and torchvision's Resize and CenterCrop."""
    if mode == "Letterbox":
        r = min(to_height / height, to_width / width)
        w, h = int(round(width * r)), int(round(height * r))
        w, h = max(w, 1), max(h, 1)
        dw, dh = (to_width - w) / 2, (to_height - h) / 2
        return w, h, int(round(dw - 0.1)), int(round(dh - 0.1))
    if mode == "LetterboxTopLeft":
        r = min(to_height / height, to_width / width)
        return max(int(width * r), 1), max(int(height * r), 1), 0, 0
    if mode == "Crop":
        size = to_width
        w, h = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
        return w, h, -int(round((w - to_width) / 2.0)), -int(round((h - to_height) / 2.0))
    return to_width, to_height, 0, 0


def geometry(case, data):
    sizes = np.frombuffer(data, np.int32).reshape(-1, 2)
    return np.array([scaled_size(case["mode"], int(w), int(h), case["to_width"], case["to_height"]) for w, h in sizes], np.int32)


def fit(case, data):
    """The whole picture path of the implementations above: resize, then border or crop."""
    picture = np.frombuffer(data, np.uint8).reshape(case["height"], case["width"], 3)
    to_width, to_height = case["to_width"], case["to_height"]
    w, h, left, top = scaled_size(case["mode"], case["width"], case["height"], to_width, to_height)
    if case["mode"] == "Crop":
        scaled = np.asarray(Image.fromarray(picture).resize((w, h), Image.Resampling.BILINEAR))
        return scaled[-top : -top + to_height, -left : -left + to_width]
    scaled = cv2.resize(picture, (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.copyMakeBorder(scaled, top, to_height - h - top, left, to_width - w - left, cv2.BORDER_CONSTANT, value=(114, 114, 114))


def main(folder):
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as f:
        cases = json.load(f)
    for i, case in enumerate(cases):
        with open(os.path.join(folder, f"{i}.in"), "rb") as f:
            data = f.read()
        result = globals()[case["op"]](case, data)
        with open(os.path.join(folder, f"{i}.out"), "wb") as f:
            f.write(result.tobytes())


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            main(line.rstrip("\n"))
            print("done", flush=True)
        except Exception:
            print(traceback.format_exc().replace("\n", " | "), flush=True)
