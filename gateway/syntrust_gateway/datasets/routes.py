"""The routes of `/datasets`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response, status

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.described import json_of
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.pagination import NameQuery, PageDep, TagQuery
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import accepted, poll_again
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.datasets import service as datasets
from syntrust_gateway.datasets.case_files import CaseFilesBody, list_case_files
from syntrust_gateway.datasets.schemas import (
    DatasetBody,
    DatasetChanges,
    DatasetPage,
    NewCase,
    NewDataset,
)
from syntrust_gateway.db.tables import DatasetState
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.lifecycle.datasets import derive, withdraw_case
from syntrust_gateway.lifecycle.deletion import delete_dataset
from syntrust_gateway.lifecycle.schemas import Cascade, Derivation, RemovedBody, WithdrawnBody
from syntrust_gateway.uploads.schemas import UploadTarget

router = APIRouter(prefix="/datasets", tags=["datasets"], route_class=JsonRoute)
_JSON = [Depends(json_only)]


@router.post(
    "",
    summary="Create a dataset",
    status_code=status.HTTP_201_CREATED,
    dependencies=_JSON,
    responses=documented(InvalidRequest, UnsupportedMediaType),
)
def create_dataset(
    request: NewDataset, response: Response, container: ContainerDep, caller: CallerDep
) -> DatasetBody:
    """Opens a dataset. Register and upload its cases one by one, then commit them together."""
    with container.write.begin() as session:
        dataset = datasets.create(session, caller, request)
    response.headers["Location"] = f"/datasets/{dataset.id}"
    return dataset


@router.get("", summary="List datasets, newest first", responses=documented(InvalidRequest))
def list_datasets(
    container: ContainerDep,
    caller: CallerDep,
    query: PageDep,
    *,
    name: NameQuery = None,
    tag: TagQuery = None,
    state: DatasetState | None = None,
) -> DatasetPage:
    """Lists your own datasets. An admin sees those of all clients."""
    wanted = RowFilter(name=name, state=state, tag=tag)
    with container.read() as session:
        return datasets.list_page(session, caller, query, wanted)


@router.get("/{dataset_id}", summary="Get a dataset and its cases", responses=documented(NotFound))
def get_dataset(
    dataset_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> DatasetBody:
    """Tells the state, how many cases are inspected, and the problems and warnings of each case."""
    with container.read() as session:
        dataset = datasets.get_dataset(session, caller, dataset_id)
    poll_again(response, is_live=dataset.state is DatasetState.INSPECTING)
    return dataset


@router.patch(
    "/{dataset_id}",
    summary="Change a dataset's name or tags",
    dependencies=_JSON,
    responses=documented(NotFound, InvalidRequest, UnsupportedMediaType),
)
def change_dataset(
    dataset_id: str, changes: DatasetChanges, container: ContainerDep, caller: CallerDep
) -> DatasetBody:
    """Changes what your lists call it. Its cases, its digest and all results stay as they are."""
    with container.write.begin() as session:
        return datasets.change_dataset(session, caller, dataset_id, changes)


@router.get(
    "/{dataset_id}/cases/{case_id}/files",
    summary="Get the canonical files of a case",
    responses=documented(NotFound, Conflict, StoreUnavailable),
)
def get_case_files(
    dataset_id: str, case_id: str, container: ContainerDep, caller: CallerDep
) -> CaseFilesBody:
    """Gives links to the images, the label map and the brain mask that all work is done on.

    A withdrawn case has none. Research use only.
    """
    return list_case_files(container, caller, dataset_id, case_id)


@router.post(
    "/{dataset_id}/cases",
    summary="Register a case and get its upload URLs",
    status_code=status.HTTP_201_CREATED,
    dependencies=_JSON,
    responses=documented(
        InvalidRequest, NotFound, Conflict, UnsupportedMediaType, StoreUnavailable
    ),
)
def register_case(
    dataset_id: str, request: NewCase, container: ContainerDep, caller: CallerDep
) -> dict[str, UploadTarget]:
    """PUT each file to its URL before the URL expires. Null means that it is there.

    A URL takes a body of exactly the announced size; ask again for a new one. While the dataset is
    open, a case with the same id replaces the earlier one.
    """
    return datasets.add_case(container, caller, dataset_id, request)


@router.delete(
    "/{dataset_id}/cases/{case_id}",
    summary="Remove a case from an open dataset, or withdraw it from a ready one",
    response_model=None,
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable)
    | json_of(WithdrawnBody, description="The case is withdrawn from a ready dataset.")
    | {204: {"description": "The case is removed from an open dataset."}},
)
def remove_case(
    dataset_id: str,
    case_id: str,
    container: ContainerDep,
    caller: CallerDep,
    cascade: Annotated[
        Literal["models"] | None, Query(description="Delete models that were trained on it.")
    ] = None,
) -> WithdrawnBody | Response:
    """Takes a patient out. A ready dataset keeps its id and digest and says `withdrawn`.

    Runs that use the case and have not ended fail. Its files, twins and label maps go, unless
    somebody else holds the same files. Models stay, and their cards name the case. For new work
    derive a dataset.
    """
    withdrawn = withdraw_case(
        container, caller, dataset_id, case_id, cascade_models=cascade is not None
    )
    if withdrawn is not None:
        return withdrawn
    with container.write.begin() as session:
        datasets.remove_case(session, caller, dataset_id, case_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete(
    "/{dataset_id}",
    summary="Delete a dataset",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def remove_dataset(
    dataset_id: str, container: ContainerDep, caller: CallerDep, cascade: Cascade = False
) -> RemovedBody:
    """Removes its files and all that was made of them and that nobody else has.

    While experiments or trainings use it this is refused, unless `cascade=true` removes them too.
    """
    return delete_dataset(container, caller, dataset_id, cascade=cascade)


@router.post(
    "/{dataset_id}/derive",
    summary="Derive a dataset without withdrawn cases",
    status_code=status.HTTP_201_CREATED,
    dependencies=_JSON,
    responses=documented(NotFound, Conflict, InvalidRequest, UnsupportedMediaType),
)
def derive_dataset(
    dataset_id: str,
    request: Derivation,
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
) -> DatasetBody:
    """Makes a ready dataset of the other cases. Nothing is uploaded or inspected again."""
    derived = derive(container, caller, dataset_id, request)
    response.headers["Location"] = f"/datasets/{derived}"
    with container.read() as session:
        return datasets.get_dataset(session, caller, derived)


@router.post(
    "/{dataset_id}/commit",
    summary="Commit a dataset for inspection",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(InvalidRequest, NotFound, StoreUnavailable),
)
def commit_dataset(
    dataset_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> DatasetBody:
    """Checks that every upload is there, then receives and inspects each case.

    Receiving proves that each file has the SHA-256 it was announced with. A ready dataset never
    changes.

    If a case is refused, the dataset opens again and gives the reasons. Repair or remove the
    case, then commit again.
    """
    accepted(response, f"/datasets/{dataset_id}")
    return datasets.commit(container, caller, dataset_id)
