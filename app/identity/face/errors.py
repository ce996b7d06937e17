"""What can go wrong when somebody shows their face."""

from app.core.errors import Conflict, NotAllowed


class FaceRefused(NotAllowed):
    """The one answer to a check that does not count: failed, used, too old, or somebody else's."""

    code = "face_refused"
    zh = "人脸核验未通过，请重新发起。"
    en = "The face check did not succeed; please begin again."


class FaceNotFinished(Conflict):
    """The person has not done the check yet. The challenge stays good."""

    code = "face_not_finished"
    zh = "人脸核验尚未完成。"
    en = "The face check is not finished yet."


class FaceImpossible(Conflict):
    """The authority has no picture for this kind of document."""

    code = "face_impossible"
    zh = "该证件类型暂不支持人脸核验，请到窗口办理。"
    en = "This kind of document cannot be checked by face; please visit a service window."
