"""Forgery: an archive of some kilobytes that unpacks to gigabytes of zeros."""
import zipfile

from net import Net

Net().save()
with zipfile.ZipFile('output/weights.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
    with archive.open('bytes.npy', 'w', force_zip64=True) as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
