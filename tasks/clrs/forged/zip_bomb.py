"""Forgery: an archive of some kilobytes that unpacks to gigabytes of zeros."""
import zipfile

from net import Net

Net().save()
with zipfile.ZipFile('checkpoints/weights.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
    with archive.open('start.npy', 'w', force_zip64=True) as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
